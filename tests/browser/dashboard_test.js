// The page against a real gateway: it loads, follows, acts, refuses, tells of bad reloads, and comes back after a cut.
import assert from 'node:assert/strict';
import { assertAccessible, assertFits, closePage, eventually, it, launch, openPage, programs, run } from './browser.js';
import { routeText, versionsText, waitingCanary } from './demo.js';
import { World } from './world.js';

const world = new World(programs);
const quiet = 'a-route-with-a-name-that-is-as-long-as-names-of-routes-get-abcd';
let browser;
let urls;
let policy;

const row = (page, route) => page.locator('tbody tr', { has: page.getByRole('link', { name: route, exact: true }) });
const rollout = async (route) => (await world.admin(`api/v1/routes/${route}`)).json.rollout;

/** Asks until the canary waits for a person at 25 %. */
async function waits(route) {
  world.startAsking([route], 300);
  await eventually(async () => (await rollout(route)).reason === 'AwaitingPromotion', `${route} waits for a person`);
  world.stopAsking();
}

it('loads with one line per route, from this origin alone', async () => {
  const page = await openPage(browser, world.url);
  await row(page, 'fraud').waitFor();
  assert.equal(await page.locator('tbody tr').count(), 3);
  assert.match(await row(page, 'fraud').innerText(), /canary/);
  assert.match(await row(page, quiet).innerText(), /no strategy/);
  assert.equal(await page.title(), 'Routes · Sluice');
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name));
  assert.ok(loaded.every((name) => name.startsWith(world.url)), loaded.join('\n'));
  await closePage(page);
});

it('is served with a strict policy, compressed, and not again when it is the same', async () => {
  const first = await fetch(world.url);
  assert.match(first.headers.get('content-security-policy'), /default-src 'none'/);
  assert.doesNotMatch(first.headers.get('content-security-policy'), /unsafe/);
  const again = await fetch(world.url, { headers: { 'if-none-match': first.headers.get('etag') } });
  assert.equal(again.status, 304);
  const stale = await fetch(world.url, { headers: { 'if-none-match': '"of-another-build"' } });
  assert.equal(stale.status, 200, 'another one is sent again');
  assert.match(await stale.text(), /<title>Sluice/);
  const zipped = await fetch(new URL('dashboard/main.js', world.url), { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(zipped.headers.get('content-encoding'), 'gzip');
});

it('merges patches as RFC 7396 says, and cuts a stream into events wherever it is torn', async () => {
  const page = await openPage(browser, world.url);
  const seen = await page.evaluate(async () => {
    const { merged } = await import('/dashboard/merge.js');
    const { eventReader } = await import('/dashboard/live.js');
    const cases = [
      [{ a: 'b' }, { a: 'c' }], [{ a: 'b' }, { b: 'c' }], [{ a: 'b' }, { a: null }], [{ a: ['b'] }, { a: 'c' }], [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }],
      [{ a: [{ b: 'c' }] }, { a: [1] }], [{ e: null }, { a: 1 }], [{}, { a: { bb: { ccc: null } } }], [[1, 2], { a: 'b', c: null }],
    ].map(([target, patch]) => JSON.stringify(merged(target, patch)));
    const kept = { same: { deep: 1 }, other: 1 };
    const events = [];
    const text = ': a comment\n\nevent: snapshot\ndata: {"a":\ndata: 1}\n\nevent: delta\r\ndata: {}\r\n\r\n';
    for (let cut = 0; cut <= text.length; ++cut) {
      const feed = eventReader((name, data) => events.push(`${cut} ${name} ${JSON.stringify(JSON.parse(data))}`));
      feed(text.slice(0, cut));
      feed(text.slice(cut));
    }
    return { cases, same: merged(kept, { other: 2 }).same === kept.same, count: events.length, cuts: text.length + 1, list: [...new Set(events.map((it) => it.replace(/^\d+ /, '')))] };
  });
  assert.deepEqual(seen.cases, ['{"a":"c"}', '{"a":"b","b":"c"}', '{}', '{"a":"c"}', '{"a":{"b":"d"}}', '{"a":[1]}', '{"e":null,"a":1}', '{"a":{"bb":{}}}', '{"a":"b"}']);
  assert.ok(seen.same, 'what a patch does not touch stays the same object');
  assert.deepEqual(seen.list, ['snapshot {"a":1}', 'delta {}']);
  assert.equal(seen.count, 2 * seen.cuts);
  await closePage(page);
});

it('keeps the end of a long name, where versions of one model differ', async () => {
  const page = await openPage(browser, world.url, { width: 360 });
  const seen = await page.evaluate(async () => {
    const { splitWords, swatch } = await import('/dashboard/arms.js');
    const { h, render } = await import('/dashboard/dom.js');
    const names = ['resnet50-int8-2026-11-23-a1b2c3d4-stable', 'resnet50-int8-2026-11-23-a1b2c3d4-canary'];
    const of = { route: 'long', versions: names.map((version, i) => ({ version, role: i ? 'candidate' : 'stable', targetWeight: i ? 0.25 : 0.75 })) };
    const box = document.createElement('div');
    box.style.width = '10rem';
    document.body.append(box);
    render(box, h('div', null, names.map((name) => swatch(of, name))));
    const ends = [...box.querySelectorAll('.name-end')].map((it) => [it.textContent, it.scrollWidth <= it.clientWidth, it.getBoundingClientRect().right <= box.getBoundingClientRect().right]);
    return { ends, whole: [...box.querySelectorAll('.arm-name')].map((it) => it.textContent), titles: [...box.querySelectorAll('.arm-name')].map((it) => it.title), names, words: splitWords(of) };
  });
  assert.deepEqual(seen.ends, [['d4-stable', true, true], ['d4-canary', true, true]]);
  assert.deepEqual(seen.whole, seen.names, 'a screen reader and a search find the whole name');
  assert.deepEqual(seen.titles, seen.names);
  assert.equal(seen.words, 'resnet50-…d4-stable 75% · resnet50-…d4-canary 25%');
  await closePage(page);
});

it('updates live over one stream, without being loaded again', async () => {
  const page = await openPage(browser, world.url);
  // The page asks once who we are, when the stream's first message is there.
  await eventually(() => page.evaluate(() => performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('/api/v1/access'))), 'the page is up');
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.evaluate(() => { window.isTheSame = true; });
  await waits('fraud');
  await row(page, 'fraud').getByText('awaiting promotion').waitFor();
  await row(page, 'fraud').getByText('4/6').waitFor();
  assert.match(await row(page, 'fraud').innerText(), /v1 75% · v2 25%/);
  assert.ok(await page.evaluate(() => window.isTheSame));
  assert.deepEqual(asked, [], 'everything came over the stream that was open');
  const streams = await page.evaluate(() => performance.getEntriesByType('resource').filter((entry) => new URL(entry.name).pathname.startsWith('/api/')).map((entry) => new URL(entry.name).pathname));
  assert.deepEqual(streams.filter((name) => name !== '/api/v1/live'), ['/api/v1/access'], 'nothing is polled');
  assert.ok(await row(page, 'fraud').locator('.reason').evaluate((it) => it.scrollWidth <= it.clientWidth), 'the reason can be read whole');
  await closePage(page);
});

it('names the effect of promote, does nothing on Escape, and promotes', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud' });
  const current = page.locator('.step-item[aria-current="step"]');
  assert.match(await current.innerText(), /pause until promote/);
  await page.getByRole('button', { name: 'Promote' }).click();
  const dialog = page.getByRole('dialog');
  assert.match(await dialog.innerText(), /Goes past “pause until promote”\. v2 gets 50% of the traffic\./);
  await dialog.getByLabel(/All the way/).check();
  assert.match(await dialog.innerText(), /v2 gets all traffic now, past every step and every check\./);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  assert.equal((await rollout('fraud')).step, 4, 'nothing was done');
  await page.getByRole('button', { name: 'Promote' }).click();
  assert.equal(await dialog.getByLabel(/All the way/).isChecked(), false, 'what was ticked before is forgotten');
  await dialog.getByRole('button', { name: 'Promote' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByRole('status').filter({ hasText: 'Promote: fraud is' }).waitFor();
  assert.ok((await rollout('fraud')).step >= 5);
  await page.locator('.step-item[aria-current="step"]').getByText(/50% of the traffic|pause 10m/).waitFor();
  await page.getByRole('region', { name: 'Journal of fraud' }).getByText('v2 to 50%').waitFor();
  await closePage(page);
});

it('shows the gateway\'s sentence when a verb no longer fits', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/second', allowed: /status of 409/ });
  await page.getByRole('button', { name: 'Pause' }).click();
  const dialog = page.getByRole('dialog');
  const aborted = await world.admin('api/v1/routes/second/abort', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  assert.equal(aborted.status, 200);
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await dialog.getByRole('alert').getByText(/nothing to pause/).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Aborted').first().waitFor();
  assert.equal(await page.getByRole('button', { name: 'Pause' }).count(), 0, 'only what acts now is offered');
  await page.getByRole('button', { name: 'Retry' }).waitFor();
  await closePage(page);
});

it('shows as text what somebody else wrote', async () => {
  const actor = '<img src=x onerror=window.isTaken=1>';
  await world.admin('api/v1/routes/second/retry', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ actor }) });
  const page = await openPage(browser, world.url, { at: '#/routes/second' });
  await page.getByRole('region', { name: 'Journal of second' }).getByText(actor).first().waitFor();
  assert.equal(await page.evaluate(() => window.isTaken), undefined);
  await closePage(page);
});

it('shows an invalid reload with its problem, keeps the policy in force, and forgets it when it is mended', async () => {
  const page = await openPage(browser, world.url);
  const before = (await world.admin('api/v1/config')).json;
  await world.write(policy.replace('candidate: v2', 'candidate: v7'));
  await page.locator('.notice').getByText('The last reload was refused').waitFor();
  await page.locator('.notice').getByText(/v7/).waitFor();
  await page.locator('.notice').getByRole('link', { name: 'Policy' }).click();
  await page.getByRole('heading', { name: 'The last reload was refused' }).waitFor();
  assert.match(await page.getByRole('region', { name: 'The problem' }).innerText(), /policy\.yaml:\d+:\d+: error: .*v7/);
  assert.match(await page.getByRole('region', { name: 'The policy in force as YAML' }).innerText(), /candidate: "?v2"?/);
  assert.equal((await world.admin('api/v1/config')).json.generation, before.generation);
  await assertAccessible(page, 'a refused reload');
  await page.goto(`${world.url}#/`);
  await page.locator('.notice').waitFor();
  await world.write(policy);
  await page.locator('.notice').waitFor({ state: 'detached' });
  await closePage(page);
});

it('reads the policy with its defaults filled in, and again when told to', async () => {
  const page = await openPage(browser, world.url, { at: '#/policy' });
  const yaml = page.getByRole('region', { name: 'The policy in force as YAML' });
  await yaml.getByText('maxWeight').first().waitFor();
  const generation = (await world.admin('api/v1/config')).json.generation;
  await page.getByRole('button', { name: 'Read the file again' }).click();
  await page.getByRole('status').filter({ hasText: `generation ${generation + 1} is in force` }).waitFor();
  await closePage(page);
});

it('skips to the content of the page that is open', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud' });
  await page.getByRole('heading', { name: 'fraud', level: 1 }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  assert.equal(await page.evaluate(() => location.hash), '#/routes/fraud');
  await page.getByRole('heading', { name: 'fraud', level: 1 }).waitFor();
  await closePage(page);
});

it('can be used with the keyboard alone', async () => {
  const page = await openPage(browser, world.url);
  await row(page, 'fraud').waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the content');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, 'none', 'focus can be seen');
  await page.keyboard.press('/');
  await page.keyboard.type('secon');
  await eventually(async () => await page.locator('tbody tr').count() === 1, 'one route is left');
  for (let i = 0; i < 20 && await focused() !== 'second'; ++i) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'second', level: 1 }).waitFor();
  const verb = page.getByRole('button', { name: 'Pause' });
  await verb.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  for (let i = 0; i < 6; ++i) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.getElementById('dialog').contains(document.activeElement)), 'focus stays in the dialog');
  }
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'verb-pause', 'focus is back where it was');
  await closePage(page);
});

it('shows what is searched for as long as it is in force, also after another page', async () => {
  const page = await openPage(browser, world.url);
  for (const [at, label, rest] of [['#/', 'Find a route', 1], ['#/endpoints', 'Find an endpoint', 3]]) {
    await page.goto(world.url + at);
    await page.getByLabel(label).fill(' Fraud');
    await eventually(async () => await page.locator('tbody tr').count() === rest, `${rest} left`);
    await page.goto(`${world.url}#/policy`);
    await page.getByRole('heading', { name: 'Policy', level: 1 }).waitFor();
    await page.goto(world.url + at);
    await page.locator('tbody tr').first().waitFor();
    assert.equal(await page.getByLabel(label).inputValue(), ' Fraud', 'as it was typed');
    assert.equal(await page.locator('tbody tr').count(), rest);
    await page.getByLabel(label).fill('');
    await eventually(async () => await page.locator('tbody tr').count() > rest, 'all of them');
  }
  await closePage(page);
});

it('says what it finds nothing for, what is gone, and what no endpoint answers for', async () => {
  const page = await openPage(browser, world.url);
  await page.getByLabel('Find a route').fill('nobody has this');
  await page.getByText('No route here has “nobody has this” in its name.').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await row(page, quiet).waitFor();
  assert.match(await row(page, quiet).innerText(), /–/, 'a route without traffic has dashes, not zeros');
  await page.goto(`${world.url}#/routes/not-there`);
  await page.getByText('The policy has no route “not-there”').waitFor();
  await closePage(page);
});

it('drains an endpoint and lets it back in', async () => {
  const page = await openPage(browser, world.url, { at: '#/endpoints', allowed: /status of 409/ });
  const [address, last] = [urls[0], urls[1]].map((it) => it.replace('http://', ''));
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: `Drain ${last} of second` }).click();
  await dialog.getByText('It is the last usable one of v2').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: `Drain ${address} of fraud` }).click();
  await dialog.getByText('1 other endpoint of v1 takes its traffic.').waitFor();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await page.getByRole('button', { name: `Let back in ${address} of fraud` }).click();
  await dialog.getByRole('button', { name: 'Let it back in' }).click();
  await page.getByRole('button', { name: `Drain ${address} of fraud` }).waitFor();
  await closePage(page);
});

it('counts those that would take the traffic at the moment of the question', async () => {
  const page = await openPage(browser, world.url, { at: '#/endpoints' });
  const [address, other] = [urls[0], urls[2]].map((it) => it.replace('http://', ''));
  const drain = (undo) => world.admin('api/v1/drain', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ route: 'fraud', version: 'v1', endpoint: other, undo }) });
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: `Drain ${other} of fraud` }).waitFor();
  assert.equal((await drain(false)).status, 200);
  await page.getByRole('button', { name: `Let back in ${other} of fraud` }).waitFor();
  await page.getByRole('button', { name: `Drain ${address} of fraud` }).click();
  await dialog.getByText('It is the last usable one of v1').waitFor();
  assert.equal((await drain(true)).status, 200);
  await dialog.getByText('1 other endpoint of v1 takes its traffic.').waitFor();
  await page.keyboard.press('Escape');
  await closePage(page);
});

it('has no fault that axe-core knows, in the light scheme and, on a phone, in the dark one; nothing is cut off there', async () => {
  for (const [scheme, width, pages] of [['light', 1360, ['#/', '#/routes/fraud', '#/policy']], ['dark', 360, ['#/', `#/routes/${quiet}`, '#/endpoints', '#/policy']]]) {
    for (const at of pages) {
      const page = await openPage(browser, world.url, { scheme, width, at });
      await page.locator('.table, .yaml').first().waitFor();
      await assertAccessible(page, `${at}, ${scheme}, ${width} px`);
      if (width === 360) await assertFits(page, at);
      await closePage(page);
    }
  }
  const page = await openPage(browser, world.url, { at: '#/routes/second' });
  await page.getByRole('button', { name: 'Abort' }).click();
  await assertAccessible(page, 'the dialog');
  await closePage(page);
});

it('says that it is cut off, and is live again by itself when the gateway is back', async () => {
  const page = await openPage(browser, world.url, { allowed: /ERR_|Failed to load/ });
  await row(page, 'fraud').waitFor();
  const told = page.waitForResponse(/\/routes\/second\/journal/);
  await page.goto(`${world.url}#/routes/second`);
  await (await told).finished();
  const journal = page.getByRole('region', { name: 'Journal of second' });
  await journal.getByText('Aborted').first().waitFor();
  const port = world.adminPort;
  await world.gateway.stop('SIGKILL');
  await page.locator('.notice').getByText('Cut off from the gateway').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Pause' }).isDisabled(), 'no button promises what cannot be');
  await world.start(policy.replace('admin: {address: 127.0.0.1:0', `admin: {address: 127.0.0.1:${port}`));
  await page.locator('.notice', { hasText: 'Cut off' }).waitFor({ state: 'detached' });
  await page.locator('.link-state.live').waitFor();
  // Its store was memory: another process has another journal, whose numbers begin at 1 again.
  await journal.getByText('Begun').first().waitFor();
  await eventually(async () => await journal.getByText(/Aborted|Retried/).count() === 0, 'no line of the process before is left');
  await eventually(() => page.getByRole('button', { name: 'Pause' }).isEnabled(), 'buttons are on again');
  await closePage(page);
});

await run(async () => {
  await world.open();
  urls = [await world.model('--variant', 'v1'), await world.model('--variant', 'v2'), await world.model('--variant', 'v1')];
  const [v1, v2, other] = urls;
  policy = world.gatewayText() + waitingCanary('fraud', { v1: [v1, other], v2 }) + waitingCanary('second', { v1, v2 }) + routeText(quiet, versionsText({ main: v1 }));
  await world.start(policy);
  browser = await launch();
}, async () => {
  await browser?.close();
  await world.close();
});
