// Where a token is set: reading works, changes and contents do not, and the page says why and what to do.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { assertAccessible, closePage, eventually, it, launch, openPage, programs, run } from './browser.js';
import { waitingCanary } from './demo.js';
import { World } from './world.js';

const TOKEN = 'correct-horse-battery-staple-0123456789';
const world = new World(programs);
const authorized = { authorization: `Bearer ${TOKEN}` };
const refused = /status of 401/;
let browser;
let urls;

const text = (more) => world.gatewayText(`, tokenFile: ${world.folder}/token${more}`) + waitingCanary('fraud', { v1: urls[0], v2: urls[1] });
const rollout = async () => (await world.admin('api/v1/routes/fraud', { headers: authorized })).json.rollout;

/** The charts ask every few seconds: nothing of the kind is to show a token beside what a test does. */
const withoutCharts = (page) => page.route(/\/history/, (route) => route.fulfill({ json: { seconds: 5, points: [] } }));

async function unlock(page, word) {
  await page.getByRole('button', { name: 'Read only' }).click();
  await page.getByLabel('Token', { exact: true }).fill(word);
  await page.getByRole('button', { name: 'Unlock' }).click();
}

it('reads without the token, refuses changes, and says why', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud', allowed: refused });
  const pause = page.getByRole('button', { name: 'Pause' });
  await pause.waitFor();
  assert.ok(await pause.isDisabled());
  await page.getByText('Read only: changes need the token.').waitFor();
  assert.equal(await pause.getAttribute('aria-describedby'), 'why-not');
  await assertAccessible(page, 'a route, read only');
  const status = await page.evaluate(async () => (await fetch('/api/v1/routes/fraud/pause', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })).status);
  assert.equal(status, 401, 'the gateway refuses, whatever the page shows');
  assert.equal((await rollout()).pausedByPerson, false);
  await page.goto(`${world.url}#/policy`);
  await page.getByText('The policy\'s text needs the token.').waitFor();
  await closePage(page);
});

it('takes no change from another origin, nor one that a form can send, even with the token', async () => {
  const change = (headers, body = '{}') => world.admin('api/v1/routes/fraud/pause', { method: 'POST', headers: { ...authorized, ...headers }, body });
  assert.equal((await change({ 'content-type': 'application/json', origin: 'http://elsewhere.example' })).status, 403);
  assert.equal((await change({ 'content-type': 'text/plain', origin: world.url.slice(0, -1) })).status, 415);
  assert.equal((await world.admin('api/v1/routes/fraud/pause', { headers: authorized })).status, 405, 'only a POST changes anything');
  assert.equal((await rollout()).pausedByPerson, false);
});

it('takes no wrong token', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud', allowed: refused });
  await unlock(page, 'wrong');
  await page.getByRole('alert').getByText('The gateway does not know this token.').waitFor();
  await assertAccessible(page, 'the question for the token');
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'what is wrong is not kept');
  await closePage(page);
});

it('changes with the token, keeps it in this tab alone, and forgets it when told to', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud', allowed: refused });
  await unlock(page, TOKEN);
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  assert.equal((await rollout()).pausedByPerson, true);
  const kept = await page.evaluate(() => ({ local: localStorage.length, cookies: document.cookie, address: location.href }));
  assert.deepEqual(kept, { local: 0, cookies: '', address: `${world.url}#/routes/fraud` });
  await page.reload();
  await eventually(() => page.getByRole('button', { name: 'Resume' }).isEnabled(), 'the tab still has it after a reload');
  await page.goto(`${world.url}#/policy`);
  await page.getByRole('region', { name: 'The policy in force as YAML' }).waitFor();
  assert.ok(!(await page.content()).includes(TOKEN), 'the page never shows it');
  await page.getByRole('button', { name: 'Lock' }).click();
  await page.getByRole('button', { name: 'Read only' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await closePage(page);
});

it('drops a token that was exchanged, and asks for the new one', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud', allowed: refused });
  await unlock(page, TOKEN);
  await eventually(() => page.getByRole('button', { name: 'Resume' }).isEnabled(), 'it is unlocked');
  await page.evaluate(() => sessionStorage.setItem('sluice.token', 'the-one-of-yesterday'));
  await page.reload();
  await page.getByRole('button', { name: 'Read only' }).waitFor();
  await page.locator('.link-state.live').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await closePage(page);
});

it('forgets a token as soon as a change is refused for it', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud', allowed: refused });
  await withoutCharts(page);
  await unlock(page, TOKEN);
  await eventually(() => page.getByRole('button', { name: 'Resume' }).isEnabled(), 'it is unlocked');
  await page.evaluate(() => sessionStorage.setItem('sluice.token', 'the-one-of-yesterday'));
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('alert').getByText('this is not the token').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Read only' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.ok(await page.getByRole('button', { name: 'Resume' }).isDisabled());
  await closePage(page);
});

it('ends what was opened with a token that is exchanged', async () => {
  const page = await openPage(browser, world.url, { at: '#/routes/fraud', allowed: refused });
  await withoutCharts(page);
  await unlock(page, TOKEN);
  await eventually(() => page.getByRole('button', { name: 'Resume' }).isEnabled(), 'it is unlocked');
  const exchange = async (token) => {
    await writeFile(path.join(world.folder, 'token'), `${token}\n`);
    const reload = await world.admin('api/v1/reload', { method: 'POST', headers: { ...authorized, 'content-type': 'application/json' }, body: '{}' });
    assert.equal(reload.status, 200);
    authorized.authorization = `Bearer ${token}`;
  };
  await exchange('another-token-0123456789-0123456789');
  await page.getByRole('button', { name: 'Read only' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await exchange(TOKEN);
  await closePage(page);
});

it('shows nothing but the question where nobody may read without the token', async () => {
  await world.write(text(', anonymousRead: false'));
  await eventually(async () => (await fetch(new URL('api/v1/routes', world.url))).status === 401, 'anonymous reading is off');
  const page = await openPage(browser, world.url, { allowed: refused });
  await page.locator('.notice').getByText('The gateway asks for a token.').waitFor();
  assert.equal(await page.locator('tbody tr').count(), 0);
  await assertAccessible(page, 'nothing to see');
  await page.locator('.notice').getByRole('button', { name: 'Enter token' }).click();
  await page.getByLabel('Token', { exact: true }).fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'fraud', exact: true }).waitFor();
  await closePage(page);
});

await run(async () => {
  await world.open();
  await writeFile(path.join(world.folder, 'token'), `${TOKEN}\n`, { mode: 0o600 });
  urls = [await world.model('--variant', 'v1'), await world.model('--variant', 'v2')];
  await world.start(text(''));
  browser = await launch();
}, async () => {
  await browser?.close();
  await world.close();
});
