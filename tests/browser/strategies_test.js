// What each strategy shows on its page, with real traffic, outcomes and faults; and the pictures for the README.
import assert from 'node:assert/strict';
import { assertAccessible, assertFits, closePage, eventually, it, launch, openPage, programs, run, shoot } from './browser.js';
import { demo, react } from './demo.js';
import { World } from './world.js';

const world = new World(programs);
let browser;
let story;

const page = async (route) => (await world.admin(`api/v1/routes/${route}`)).json;
const panel = (tab, title) => tab.locator('section.panel', { has: tab.getByRole('heading', { name: title, level: 2 }) });

/** Whether something is drawn: more than one colour on the canvas of that figure. */
async function isDrawn(tab, caption) {
  const figure = tab.locator('figure', { hasText: caption });
  await eventually(() => figure.locator('canvas').evaluate((canvas) => {
    if (canvas.width === 0 || canvas.height === 0) return false;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) seen.add((data[i] << 16) + (data[i + 1] << 8) + data[i + 2]);
    return seen.size > 3;
  }), `${caption} is drawn`);
}

it('tells a failing canary as rolled back, with the numbers, at the head of the list', async () => {
  await eventually(async () => (await page('spam')).rollout.phase === 'RolledBack', 'spam is rolled back');
  const tab = await openPage(browser, world.url);
  const line = tab.locator('tbody tr', { hasText: 'spam' });
  await line.getByText('RolledBack').first().waitFor();
  await tab.getByRole('button', { name: /Needs a look/ }).click();
  await eventually(async () => await tab.locator('tbody tr').count() < story.routes.length, 'a shorter list');
  await line.waitFor();
  await tab.goto(`${world.url}#/routes/spam`);
  await tab.locator('.standing-message', { hasText: /error-rate .*> max 5% \(n=/ }).waitFor();
  await panel(tab, 'Checks').getByText('fail', { exact: true }).waitFor();
  await panel(tab, 'Steps').getByText('rolled back to stable').waitFor();
  await eventually(async () => {
    const { points } = (await world.admin('api/v1/routes/spam/history')).json;
    return points.some((point) => point.versions.v2?.failed > 0.05);
  }, 'the chart shows what the parachute hid from users');
  await closePage(tab);
});

it('draws target and observed split, rates and latency over time', async () => {
  const tab = await openPage(browser, world.url, { at: '#/routes/fraud-detection' });
  for (const caption of ['Observed split', 'Requests per second', 'Latency p99']) await isDrawn(tab, caption);
  const label = await tab.locator('figure', { hasText: 'Observed split' }).locator('canvas').getAttribute('aria-label');
  assert.match(label, /v1 \d+(\.\d)?%, v2 \d+(\.\d)?%/, 'who cannot see it is told');
  assert.match(await panel(tab, 'Versions').innerText(), /stable[\s\S]*candidate/);
  await closePage(tab);
});

it('shows an A/B test: lift, its interval, and whether the split is sound', async () => {
  const tab = await openPage(browser, world.url, { at: '#/routes/search-ranking' });
  await eventually(async () => /[+−±][\d.]+% to [+−]?/.test(await panel(tab, /A\/B test/).innerText()), 'an interval');
  await panel(tab, /A\/B test/).getByText('The versions get what is drawn for them.').waitFor();
  await eventually(async () => await tab.locator('.interval-range').count() === 2, 'one per variant beside the control');
  await closePage(tab);
});

it('warns of a split that is not the one that is drawn', async () => {
  const tab = await openPage(browser, world.url);
  const seen = await tab.evaluate(async () => {
    const { splitNote } = await import('/dashboard/experiment.js');
    const { h, render } = await import('/dashboard/dom.js');
    const said = (condition, split) => {
      const box = document.createElement('div');
      render(box, h('div', null, splitNote({ conditions: [{ type: 'SplitSound', ...condition }], split })));
      return [box.textContent, box.querySelector('.mark').className];
    };
    return [
      said({ status: 'False', reason: 'SampleRatioMismatch' }, { message: 'v2 got 55% where 50% is drawn' }),
      said({ status: 'Unknown', message: 'too few to tell' }),
      said({ status: 'True' }),
    ];
  });
  assert.deepEqual(seen, [
    ['Sample ratio mismatch:  v2 got 55% where 50% is drawn', 'mark bad'], ['The split is doubtful:  too few to tell', 'mark warn'],
    ['The versions get what is drawn for them.', 'mark good'],
  ]);
  await closePage(tab);
});

it('shows the interval of a lift whole, and its middle even where that is a multiple', async () => {
  const tab = await openPage(browser, world.url);
  const seen = await tab.evaluate(async () => {
    const { experimentPanel } = await import('/dashboard/experiment.js');
    const { h, render } = await import('/dashboard/dom.js');
    const drawn = (lift, liftLower, liftUpper) => {
      const box = document.createElement('div');
      const arms = [{ version: 'v1', share: 0.5 }, { version: 'v2', share: 0.5, lift, liftLower, liftUpper, certainty: 0.5 }];
      render(box, h('div', null, experimentPanel({ versions: [{ version: 'v1', role: 'control' }, { version: 'v2', role: 'variant' }], rollout: { arms } })));
      const range = box.querySelector('.interval-range');
      const [from, wide, point] = [range.style.left, range.style.width, box.querySelector('.interval-point').style.left].map(Number.parseFloat);
      return { from, to: from + wide, point, sure: range.classList.contains('sure'), open: range.className.includes('open') };
    };
    return [drawn(0.1, -0.2, 0.4), drawn(1.2, 0.1, 3.5)];
  });
  assert.deepEqual(seen[0], { from: 25, to: 100, point: 62.5, sure: false, open: false });
  assert.ok(seen[1].point > 60 && seen[1].point < 95, `${seen[1].point} is not at the edge`);
  assert.ok(seen[1].sure && seen[1].open, 'above 0, and beyond the axis');
  await closePage(tab);
});

it('gives a version the same colour everywhere, also when roles change', async () => {
  const tab = await openPage(browser, world.url, { at: '#/routes/search-ranking' });
  await isDrawn(tab, 'Observed split');
  const seen = await tab.evaluate(async () => {
    const { colours } = await import('/dashboard/arms.js');
    const before = colours({ versions: [{ version: 'v1', role: 'stable' }, { version: 'v2', role: 'candidate' }] });
    const after = colours({ versions: [{ version: 'v1', role: 'previous' }, { version: 'v2', role: 'stable' }] });
    const shown = {};
    for (const arm of document.querySelectorAll('.arm:has(.swatch)')) (shown[arm.textContent] ??= new Set()).add(arm.querySelector('.swatch').className);
    return { before, after, shown: Object.values(shown).map((it) => it.size), kinds: new Set(Object.values(shown).map((it) => [...it][0])).size };
  });
  assert.deepEqual(seen.before, { v1: 'a', v2: 'b' });
  assert.deepEqual(seen.after, seen.before, 'after a promotion');
  assert.deepEqual(seen.shown, [1, 1, 1], 'one colour per version in all panels');
  assert.equal(seen.kinds, 3, 'and no two versions have the same');
  await closePage(tab);
});

it('shows a bandit: shares and the probability of being the best, also over time', async () => {
  const tab = await openPage(browser, world.url, { at: '#/routes/offers' });
  await panel(tab, /Bandit/).getByRole('columnheader', { name: 'Best' }).waitFor();
  assert.equal(await panel(tab, /Bandit/).locator('tbody tr').count(), 3);
  await isDrawn(tab, 'Probability of being the best');
  await closePage(tab);
});

it('shows a shadow: match rate, drops, and the worst disagreements with both bodies', async () => {
  const tab = await openPage(browser, world.url, { at: '#/routes/churn' });
  const copies = panel(tab, 'Copies against live answers');
  await copies.getByText('of pairs match').waitFor();
  await copies.getByText('Dropped').waitFor();
  await isDrawn(tab, 'Match rate');
  await copies.getByRole('button', { name: 'Show' }).click();
  const pair = copies.locator('details').first();
  await pair.locator('summary').click();
  assert.match(await pair.innerText(), /probabilities/);
  await closePage(tab);
});

it('shows a rolling update as tiles with the states of both endpoints', async () => {
  const tab = await openPage(browser, world.url, { at: '#/routes/vision' });
  const tiles = tab.locator('.tile');
  await tiles.first().getByText('settling').waitFor();
  assert.equal(await tiles.count(), 3);
  assert.match(await tiles.first().innerText(), /draining[\s\S]*(admitted|ramping)/);
  await tiles.last().getByText('its check fails').waitFor();
  assert.match(await tiles.last().innerText(), /old[\s\S]*admitted[\s\S]*its check fails/, 'what is to come is told before its turn');
  await closePage(tab);
});

it('shows blue-green: which one is live, who is on trial, and how long an undo is instant', async () => {
  await eventually(async () => (await page('credit-score')).rollout.reason === 'AwaitingPromotion', 'green may take over');
  const tab = await openPage(browser, world.url, { at: '#/routes/credit-score' });
  assert.match(await tab.locator('.lane-live').innerText(), /blue/);
  assert.match(await tab.locator('.lane', { hasText: 'green' }).innerText(), /on trial/);
  await tab.getByRole('button', { name: 'Promote' }).click();
  await tab.getByRole('dialog').getByText('All traffic flips to green at once').waitFor();
  await tab.getByRole('dialog').getByRole('button', { name: 'Promote' }).click();
  await tab.locator('.lane-live', { hasText: 'green' }).waitFor();
  const timer = tab.locator('.undo-timer time');
  const first = await timer.innerText();
  await eventually(async () => await timer.innerText() !== first, 'the timer runs');
  assert.match(first, /^(29m \d+s|30m)$/);
  await closePage(tab);
});

it('shows stages with the steps of the one under way', async () => {
  await eventually(async () => (await page('pricing')).rollout.stage === 2, 'the second stage');
  const tab = await openPage(browser, world.url, { at: '#/routes/pricing' });
  const stages = panel(tab, 'Stages');
  await eventually(async () => /shadow[\s\S]*canary[\s\S]*pause 2h[\s\S]*left[\s\S]*A\/B test/.test(await stages.innerText()), 'all stages, and how long the pause still is');
  await closePage(tab);
});

it('tells of endpoints: state, since when, and why', async () => {
  const tab = await openPage(browser, world.url, { at: '#/endpoints' });
  await tab.getByRole('button', { name: /Not admitted/ }).click();
  const ejected = tab.locator('tbody tr', { hasText: 'legacy-embeddings' });
  await ejected.getByText(/ejected|probation/).first().waitFor();
  // Who fails in its probation as well is told so; that is after half a minute.
  assert.match(await ejected.innerText(), /without an answer|failed in probation/);
  await closePage(tab);
});

it('is without fault, and fits a phone, with every strategy\'s panel', async () => {
  for (const [i, route] of ['search-ranking', 'offers', 'churn', 'vision', 'translation'].entries()) {
    const tab = await openPage(browser, world.url, { at: `#/routes/${route}`, scheme: i % 2 === 0 ? 'light' : 'dark', width: 360 });
    await assertAccessible(tab, route);
    await assertFits(tab, route);
    await closePage(tab);
  }
});

it('can have its picture taken', async () => {
  // Of a test that has found its winner, where there is the time to wait for it.
  if (process.env.SLUICE_WARM) await eventually(async () => (await page('search-ranking')).rollout.over, 'a winner');
  for (const [name, options] of [['dashboard', { at: '#/', height: 610 }], ['dashboard-route', { at: '#/routes/fraud-detection', height: 1000 }], ['dashboard-dark', { at: '#/routes/search-ranking', scheme: 'dark', height: 1000 }], ['dashboard-phone', { at: '#/', width: 390, height: 844 }]]) {
    const tab = await openPage(browser, world.url, options);
    if (options.at !== '#/') await isDrawn(tab, 'Observed split');
    await tab.locator('.link-state.live').waitFor();
    await shoot(tab, name);
    await closePage(tab);
  }
});

await run(async () => {
  await world.open();
  story = await demo(world);
  await world.start(world.gatewayText() + story.text);
  world.startAsking(story.routes, 200, react(world));
  if (process.env.SLUICE_WARM) await new Promise((resolve) => setTimeout(resolve, Number(process.env.SLUICE_WARM) * 1000));
  browser = await launch();
}, async () => {
  await browser?.close();
  await world.close();
});
