// Parts of the page by themselves, with data that a gateway would rarely give: what they say, and what they forget.
import assert from 'node:assert/strict';
import { closePage, eventually, it, launch, openPage, programs, run } from './browser.js';
import { waitingCanary } from './demo.js';
import { World } from './world.js';

const world = new World(programs);
let browser;

/** What `look` gives in the page for `input`. */
async function seen(look, input) {
  const page = await openPage(browser, world.url);
  const found = await page.evaluate(look, input);
  await closePage(page);
  return found;
}

/** As if the stream had told of this change. */
const tell = (page, patch) => page.evaluate(async (it) => (await import('/dashboard/store.js')).takeDelta(it), patch);
const set = (page, members) => page.evaluate(async (it) => (await import('/dashboard/store.js')).set(it), members);

const pair = (kept, tried) => [{ version: 'v1', role: kept }, { version: 'v2', role: tried }];
const canary = { strategy: 'canary', phase: 'Paused', stepText: 'pause 10m, 6m12s left', next: 'setWeight 50', versions: pair('stable', 'candidate') };
const trial = { strategy: 'blueGreen', phase: 'Progressing', step: 1, versions: [{ version: 'v1', role: 'active', target: 1 }, { version: 'v2', role: 'preview', target: 0 }] };
const flipped = { strategy: 'blueGreen', phase: 'Progressing', step: 2, versions: pair('previous', 'active') };
const staged = { strategy: 'stages', phase: 'Progressing', stage: 1, stages: 2, stageTexts: ['shadow', 'canary'], versions: pair('live', 'shadow') };
const rolling = { strategy: 'rolling', phase: 'Progressing', reason: 'Settling', slots: [{ phase: 'New' }, { phase: 'Settling' }], versions: pair('stable', 'candidate') };
const tested = { strategy: 'abTest', phase: 'Progressing', winner: '', versions: pair('control', 'variant') };
const bandit = { strategy: 'bandit', phase: 'Progressing', arms: [{ version: 'v2' }, { version: 'v1' }], versions: pair('arm', 'arm') };
const firstListed = [{ version: 'v2', role: 'stable' }, { version: 'v1', role: 'previous' }];

/** [verb, rollout, all the way, the sentence]. */
const sentences = [
  ['promote', canary, false, 'Goes past “pause 10m”. v2 gets 50% of the traffic.'],
  ['promote', { ...canary, next: 'promotion' }, false, 'Goes past “pause 10m”. v2 gets all traffic: the rollout ends as promoted.'],
  ['promote', { ...canary, phase: 'Held' }, false, 'Goes on although it is held. v2 gets 50% of the traffic.'],
  ['promote', { ...canary, phase: 'Pending' }, false, 'Begins. v2 gets 50% of the traffic.'],
  ['promote', canary, true, 'v2 gets all traffic now, past every step and every check.'],
  ['promote', { ...canary, phase: 'Promoted', versions: firstListed }, true, 'v2 gets all traffic now, past every step and every check.'],
  ['pause', canary, false, 'Traffic stays as it is: nothing advances or is promoted until somebody resumes. A failing check may still roll it back.'],
  ['resume', canary, false, 'The pause that a person set is lifted, and clocks go on from where they stood.'],
  ['abort', canary, false, 'All traffic goes back to v1, and the rollout ends as aborted.'],
  ['retry', canary, false, 'Begins again from the start; what was counted so far counts no more.'],
  ['undo', { ...canary, phase: 'Promoted', versions: firstListed }, false, 'All traffic goes back to v1 at once.'],

  ['promote', { ...trial, phase: 'Pending' }, false, 'The trial of v2 begins.'],
  ['promote', trial, false, 'All traffic flips to v2 at once, however undecided its checks are.'],
  ['promote', trial, true, 'All traffic goes to v2 now, past checks, gates and watch.'],
  ['promote', flipped, false, 'Ends the watch: the version that serves now is promoted.'],
  ['abort', trial, false, 'All traffic stays with v1, and the rollout ends as aborted.'],
  ['abort', flipped, false, 'All traffic goes back to v1, and the rollout ends as aborted.'],
  ['undo', flipped, false, 'All traffic goes back to v1 at once.'],

  ['promote', rolling, false, 'The instance under way need not settle any longer: the next one is replaced.'],
  ['promote', { ...rolling, phase: 'Held' }, false, 'Goes on although it is held. The instance under way need not settle any longer: the next one is replaced.'],
  ['promote', { ...rolling, phase: 'Pending' }, false, 'No confirmation is waited for: the next instance is replaced.'],
  ['promote', { ...rolling, reason: 'AwaitingConfirmation' }, false, 'No confirmation is waited for: the next instance is replaced.'],
  ['promote', { ...rolling, reason: 'AwaitingConfirmation', slots: [{ phase: 'New' }] }, false, 'No confirmation is waited for: the rollout ends as promoted.'],
  ['promote', { ...rolling, phase: 'RollingBack' }, false, 'Turns round: instances are replaced forwards again.'],
  ['promote', rolling, true, 'All instances become v2, without looking at checks.'],
  ['pause', rolling, false, 'Instances under way finish, and no other begins until somebody resumes. A failing check may still send all of them back.'],
  ['abort', rolling, false, 'The instances that were replaced go back to v1.'],
  ['retry', { ...rolling, phase: 'Held' }, false, 'Another attempt begins with the instances as they are; what was counted so far counts no more.'],
  ['retry', { ...rolling, phase: 'RolledBack' }, false, 'Begins again from the start; what was counted so far counts no more.'],
  ['undo', { ...rolling, phase: 'Promoted', versions: pair('previous', 'stable') }, false, 'The instances go back to v1, in batches; traffic follows them.'],

  ['promote', { strategy: 'shadow', phase: 'Progressing', versions: pair('live', 'shadow') }, false, 'v2 answers every request from now on, and its copies end.'],
  ['abort', { strategy: 'shadow', phase: 'Progressing', versions: pair('live', 'shadow') }, false, 'No more copies are made. Clients notice nothing.'],
  ['undo', { strategy: 'shadow', phase: 'Promoted', versions: pair('previous', 'live') }, false, 'All traffic goes back to v1 at once.'],

  ['promote', tested, false, 'Only a winner can be promoted, and there is none yet.'],
  ['promote', { ...tested, winner: 'v2' }, false, 'v2 gets all traffic.'],
  ['promote', { ...tested, phase: 'Held' }, false, 'Goes on although it is held. The test continues, and nobody gets more traffic yet.'],
  ['promote', tested, true, 'The variant that leads gets all traffic, whether or not it is certain.'],
  ['abort', tested, false, 'All traffic goes back to v1, and the rollout ends as aborted.'],
  ['undo', { ...tested, phase: 'Promoted', versions: [{ version: 'v2', role: 'stable' }, { version: 'v1', role: 'control' }] }, false, 'All traffic goes back to v1 at once.'],

  ['promote', bandit, false, 'The arm that leads gets all traffic, and learning ends.'],
  ['promote', { ...bandit, phase: 'Held' }, false, 'Goes on although it is held. Learning continues.'],
  ['abort', bandit, false, 'All traffic goes back to v2, and the rollout ends as aborted.'],
  ['undo', { ...bandit, phase: 'Promoted', versions: pair('stable', 'arm') }, false, 'All traffic goes back to v2 at once.'],

  ['promote', { ...staged, reason: 'AwaitingApproval', next: 'stage 2 of 2' }, false, 'This stage ends, and stage 2 of 2 begins.'],
  ['promote', staged, true, 'Past all 2 stages: the last stage\'s candidate gets all traffic now, without checks.'],
  ['retry', staged, false, 'Begins again with the first stage; what was counted so far counts no more.'],
];

it('names what each verb would do, strategy by strategy', async () => {
  const said = await seen(async (list) => {
    const { effect } = await import('/dashboard/effects.js');
    return list.map(([verb, rollout, full]) => effect(verb, rollout, full));
  }, sentences);
  for (const [i, [verb, rollout, , sentence]] of sentences.entries()) assert.equal(said[i], sentence, `${verb}, ${rollout.strategy}, ${rollout.phase}`);
});

it('keeps the colours when somebody is promoted', async () => {
  const roles = (...list) => ({ versions: list.map((role, i) => ({ version: `v${i + 1}`, role })) });
  const found = await seen(async (list) => {
    const { colours } = await import('/dashboard/arms.js');
    return list.map((of) => Object.values(colours(of)).join(''));
  }, [roles('arm', 'arm', 'arm'), roles('arm', 'stable', 'arm'), roles('variant', 'control'), roles('stable', 'control'), roles('candidate', 'stable'), roles('stable', 'previous')]);
  assert.deepEqual(found, ['abc', 'abc', 'ba', 'ba', 'ba', 'ba']);
});

it('says nothing or everything only of what is so', async () => {
  const found = await seen(async () => {
    const { percent, number, signed, took } = await import('/dashboard/format.js');
    const { splitWords } = await import('/dashboard/arms.js');
    const split = (...shares) => splitWords({ versions: shares.map((targetWeight, i) => ({ version: `v${i + 1}`, targetWeight })) });
    return [[0.25, 0.0012, 0.9996, 0.0004, 0.00002, 1, 0, 0.1 + 0.9 - 1e-12].map((share) => percent(share)), percent(0.996, 0), split(0.996, 0.004), split(0.125, 0.875),
      [signed(0.0000001), signed(-0.042)], [number(999.6), number(999.4), number(0.1234)], [took(0.9996), took(0.9994)]];
  });
  assert.deepEqual(found, [['25%', '0.12%', '99.96%', '0.04%', '0.002%', '100%', '0%', '100%'], '99.6%', 'v1 99.6% · v2 0.4%', 'v1 12.5% · v2 87.5%',
    ['±0%', '−4.2%'], ['1\u202f000', '999', '0.123'], ['1 s', '999 ms']]);
});

it('draws the gauge of a limit that is not to be exceeded, in the colour of the verdict', async () => {
  const found = await seen(async () => {
    const { checksPanel } = await import('/dashboard/checks.js');
    const { h, render } = await import('/dashboard/dom.js');
    const gauge = (check) => {
      const box = document.createElement('div');
      render(box, h('div', null, checksPanel({ route: 'r', rollout: { checks: [{ name: 'click', rule: '', samples: 900, ...check }] } })));
      const fill = box.querySelector('.gauge-fill');
      return fill && [fill.style.width, fill.classList.contains('bad')];
    };
    return [
      gauge({ rule: 'max 4', value: 2, threshold: 4, verdict: 'Pass', message: 'click 2 <= max 4 (n=900)' }),
      gauge({ rule: 'max 4', value: 8, threshold: 4, verdict: 'Fail', message: 'click 8 > max 4 (n=900)' }),
      gauge({ rule: 'max 4', value: 5, threshold: 4, verdict: 'Inconclusive', message: 'click 5 > max 4, which may be chance (n=900)' }),
      gauge({ rule: 'min 0.9', value: 0.95, threshold: 0.9, verdict: 'Pass', message: 'click 0.95 >= min 0.9 (n=900)' }),
      gauge({ rule: 'min 0.9', value: 0.5, threshold: 0.9, verdict: 'Fail', message: 'click 0.5 < min 0.9 (n=900)' }),
      gauge({ rule: 'margin 0.1', value: 0.95, threshold: 0.9, verdict: 'Pass', message: 'click 0.95 >= 0.9 (stable 1 - 0.1)' }),
      gauge({ rule: 'min 1, max 4', value: 2, threshold: 4, verdict: 'Pass', message: 'click 2 <= max 4 (n=900)' }),
    ];
  });
  assert.deepEqual(found, [['37.5%', false], ['100%', true], ['93.8%', false], null, null, null, ['37.5%', false]]);
});

it('calls nobody the control but the control', async () => {
  const found = await seen(async () => {
    const { experimentPanel } = await import('/dashboard/experiment.js');
    const { h, render } = await import('/dashboard/dom.js');
    const shown = (lift) => {
      const box = document.createElement('div');
      const arms = [{ version: 'v1', share: 0.5 }, { version: 'v2', share: 0.5, lift, liftLower: lift && -0.1, liftUpper: lift && 0.3 }];
      render(box, h('div', null, experimentPanel({ versions: [{ version: 'v1', role: 'control' }, { version: 'v2', role: 'variant' }], rollout: { arms } })));
      return [...[...box.querySelectorAll('[data-head="Lift"]')].map((it) => it.textContent), box.querySelector('.footnote') !== null];
    };
    return [shown(undefined), shown(0.1)];
  });
  assert.deepEqual(found, [['control', '–', false], ['control', '+10%', true]]);
});

it('counts a winner that waits for a person among what needs a look', async () => {
  const found = await seen(async () => {
    const { standing } = await import('/dashboard/words.js');
    const concluded = { phase: 'Concluded', over: true, serving: 'Healthy', winner: 'v2', reason: 'WinnerFound', verbs: ['promote', 'abort'] };
    return [concluded, { ...concluded, verbs: [] }, { ...concluded, winner: '', reason: 'MaxDuration' }, { ...concluded, winner: 'v1', reason: 'ControlRemains' }].map((rollout) => standing({ rollout }));
  });
  assert.deepEqual(found, ['attention', 'settled', 'settled', 'settled']);
});

it('counts from the flip, not from the end of the watch', async () => {
  const found = await seen(async () => {
    const { blueGreenPanel } = await import('/dashboard/blue_green.js');
    const { h, render } = await import('/dashboard/dom.js');
    const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
    const text = (rollout) => {
      const box = document.createElement('div');
      render(box, h('div', null, blueGreenPanel({ versions: [{ version: 'blue', role: 'previous' }, { version: 'green', role: 'active', targetWeight: 1 }], rollout })));
      return /Flipped .* ago/.exec(box.textContent)?.[0];
    };
    return [text({ phase: 'Promoted', over: true, windowSince: ago(1805), ended: ago(3) }), text({ phase: 'Progressing', windowSince: ago(605) })];
  });
  assert.match(found[0], /^Flipped 30m \ds ago$/);
  assert.match(found[1], /^Flipped 10m \ds ago$/, 'also while it is watched');
});

it('says why it is cut off where the gateway says so', async () => {
  const held = [];
  const stop = new AbortController();
  for (let response; !response || response.ok;) held.push(response = await fetch(new URL('api/v1/live', world.url), { signal: stop.signal }));
  const page = await openPage(browser, world.url, { allowed: /status of 503/ });
  await page.locator('.notice').getByText(/It answers, but: there are \d+ live readers already\./).waitFor();
  stop.abort();
  await page.locator('.link-state.live').waitFor();
  await closePage(page);
});

it('offers to load itself anew when the gateway is of another build', async () => {
  const page = await openPage(browser, world.url);
  await page.locator('.link-state.live').waitFor();
  await tell(page, { config: { build: '99.0.0' } });
  await page.locator('.notice').getByText('The gateway is of another build now.').waitFor();
  await page.getByRole('button', { name: 'Load it anew' }).click();
  await page.locator('.notice').waitFor({ state: 'detached' });
  await page.locator('.link-state.live').waitFor();
  assert.equal(await page.locator('.notice').count(), 0);
  await closePage(page);
});

it('keeps up with the journal: through a restart, over a hole, while it is asking, and after no answer', async () => {
  const page = await openPage(browser, world.url, { allowed: /ERR_FAILED/ });
  let lines = [];
  let gate = null;
  let answers = () => {};
  let isDead = false;
  const line = (process, sequence) => ({ sequence, hash: `${process}${sequence}`, kind: 'Advanced', text: `line ${process}${sequence}`, time: '2026-11-22T09:51:07.042Z', rollout: 'only-1', actor: '' });
  const write = (process, from, to) => { for (let i = from; i <= to; ++i) lines.unshift(line(process, i)); };
  await page.route(/\/routes\/only\/journal\?/, async (route) => {
    if (isDead) return route.abort();
    const before = Number(new URL(route.request().url()).searchParams.get('before') ?? Infinity);
    const entries = lines.filter((it) => it.sequence < before).slice(0, 50);
    answers();
    await gate;
    return route.fulfill({ json: { entries, before: entries.length === 50 && entries[49].sequence > 1 ? entries[49].sequence : null } });
  });
  const tellNewest = () => tell(page, { routes: { only: { rollout: { events: [lines[0]] } } } });
  const shown = () => page.locator('.journal td.text').allInnerTexts();
  const shows = (process, from, to) => eventually(async () => {
    const expected = Array.from({ length: to - from + 1 }, (_, i) => `line ${process}${to - i}`);
    return JSON.stringify(await shown()) === JSON.stringify(expected);
  }, `${process}${to} to ${process}${from}`);

  write('a', 1, 8);
  await page.goto(`${world.url}#/routes/only`);
  await shows('a', 1, 8);

  lines = [];
  write('b', 1, 2);
  await tellNewest();
  await shows('b', 1, 2);

  write('b', 3, 80);
  await tellNewest();
  await shows('b', 31, 80);
  await page.getByRole('button', { name: 'Show older' }).click();
  await shows('b', 1, 80);
  write('b', 81, 81);
  await tellNewest();
  await shows('b', 1, 81);

  let open;
  gate = new Promise((resolve) => { open = resolve; });
  const asked = new Promise((resolve) => { answers = resolve; });
  write('b', 82, 82);
  await tellNewest();
  await asked;
  write('b', 83, 83);
  await tellNewest();
  open();
  await shows('b', 1, 83);

  isDead = true;
  write('b', 84, 84);
  await tellNewest();
  await page.getByText('The journal cannot be read now').waitFor();
  isDead = false;
  await shows('b', 1, 84);
  assert.equal(await page.getByText('The journal cannot be read now').count(), 0);
  await closePage(page);
});

it('tries the policy again after no answer: when the line is there anew, and at the next visit', async () => {
  const page = await openPage(browser, world.url, { allowed: /ERR_FAILED/ });
  const text = page.getByRole('region', { name: 'The policy in force as YAML' });
  const problem = page.getByText('The policy cannot be shown');
  let asked = 0;
  await page.route(/\/api\/v1\/policy$/, (route) => { ++asked; return route.abort(); });
  await page.goto(`${world.url}#/policy`);
  await problem.waitFor();
  assert.equal(asked, 1, 'and not again and again');
  await page.unroute(/\/api\/v1\/policy$/);
  await page.evaluate(() => window.dispatchEvent(new Event('sluice-reconnect')));
  await text.waitFor();

  await page.route(/\/api\/v1\/policy$/, (route) => route.abort());
  await tell(page, { config: { generation: 99 } });
  await problem.waitFor();
  await page.unroute(/\/api\/v1\/policy$/);
  await page.goto(`${world.url}#/`);
  await page.getByRole('heading', { name: 'Routes', level: 1 }).waitFor();
  await page.goto(`${world.url}#/policy`);
  await text.waitFor();
  await closePage(page);
});

it('forgets bodies of clients when it is locked, also those that are on their way', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/only' });
  const access = { tokenNeeded: true, authorized: true, anonymousRead: true };
  const answer = (body) => ({ status: 200, seconds: 0.01, body });
  const pairs = [{ at: '2026-11-22T09:51:07.042Z', version: 'v2', severity: 0.5, requestId: 'r1', differences: [{ field: '/x' }], live: answer('a secret of a client'), candidate: answer('another one') }];
  let gate = null;
  await page.route(/\/disagreements\?/, async (route) => { await gate; return route.fulfill({ json: { pairs } }).catch(() => {}); });
  await page.locator('.link-state.live').waitFor();
  await set(page, { access });
  await tell(page, { routes: { only: { rollout: { pairs: [{ version: 'v2', pairs: 1, compared: 1, disagreements: 1, disagreement: 1, interval: {} }] } } } });
  const show = page.locator('.worst').getByRole('button', { name: 'Show' });
  await show.click();
  await page.locator('.pair').waitFor();
  await set(page, { access: { ...access, authorized: false } });
  await page.locator('.pair').waitFor({ state: 'detached' });
  assert.ok(!(await page.content()).includes('a secret of a client'));

  await set(page, { access });
  let open;
  gate = new Promise((resolve) => { open = resolve; });
  const answered = page.waitForResponse(/\/disagreements\?/);
  await show.click();
  await page.getByRole('button', { name: 'Loading…' }).waitFor();
  await set(page, { access: { ...access, authorized: false } });
  await show.waitFor();
  open();
  await (await answered).finished();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.ok(!(await page.content()).includes('a secret of a client'));
  await closePage(page);
});

await run(async () => {
  await world.open();
  await world.start(world.gatewayText() + waitingCanary('only', { v1: await world.model('--variant', 'v1'), v2: await world.model('--variant', 'v2') }));
  browser = await launch();
}, async () => {
  await browser?.close();
  await world.close();
});
