// Chromium, a page that may do nothing wrong unseen, and the small language that the tests are written in.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(`${process.env.SLUICE_MODULES}/`);
const { chromium } = require('playwright-core');
const axe = require('axe-core');

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, '../..');
export const programs = { bin: process.env.SLUICE_BIN, data: path.join(root, 'config/quickstart/digits.csv.gz') };

/** How long anything may take that is waited for; the machine may be busy. */
const PATIENCE = 60000;

export function launch() {
  return chromium.launch({ executablePath: process.env.SLUICE_CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
}

/**
 * A page at `url` of its own browsing session. `wrongs` collects what must not be: errors and warnings on the console,
 * broken rules of the content policy, requests to anybody else. `allowed`: a pattern of console lines that are meant.
 */
export async function openPage(browser, url, { width = 1360, height = 860, scheme = 'light', allowed = null, at = '#/' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.wrongs = [];
  const wrong = (text) => { if (!allowed?.test(text)) page.wrongs.push(text); };
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) wrong(`${message.type()}: ${message.text()}`); });
  page.on('pageerror', (error) => wrong(`uncaught: ${error.stack}`));
  page.on('request', (request) => { if (!request.url().startsWith(url) && !request.url().startsWith('data:')) wrong(`a request to ${request.url()}`); });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(url + at);
  await page.locator('main .page h1').waitFor();
  return page;
}

export async function closePage(page) {
  await page.context().close();
  assert.deepEqual(page.wrongs, [], 'nothing wrong was seen');
}

/** The page under the rules of WCAG 2.2 A and AA, contrast included: no violation. */
export async function assertAccessible(page, what) {
  await page.evaluate(axe.source.replace(/^/, 'window.module = undefined;'));
  const { violations } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
  }));
  const told = violations.map((it) => `${it.id} (${it.impact}): ${it.help}\n${it.nodes.slice(0, 3).map((node) => `  ${node.target}: ${node.failureSummary.replace(/\s+/g, ' ')}`).join('\n')}`);
  assert.equal(told.length, 0, `${what}\n${told.join('\n')}`);
}

export async function assertFits(page, what) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(over <= 0, `${what} is ${over} px wider than the screen`);
}

/** Waits until `look()` of the test's own process holds. */
export async function eventually(look, what) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    assert.ok(Date.now() < until, `it never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function shoot(page, name, options = {}) {
  if (process.env.SLUICE_SHOTS) await page.screenshot({ path: path.join(process.env.SLUICE_SHOTS, `${name}.png`), ...options });
}

const tests = [];

/** What is to hold, in words; they run in this order, one after the other. */
export function it(words, body) { tests.push([words, body]); }

/** Runs them between open() and close(); the process ends with 1 when one does not hold. */
export async function run(open, close) {
  let failed = 0;
  let opened = false;
  try {
    await open();
    opened = true;
    for (const [words, body] of tests) {
      const begun = Date.now();
      try {
        await body();
        console.log(`ok      ${words} (${Date.now() - begun} ms)`);
      } catch (error) {
        ++failed;
        console.log(`FAILED  ${words} (${Date.now() - begun} ms)\n${error.stack}`);
      }
    }
  } finally {
    await close().catch((error) => { ++failed; console.log(error.stack); });
  }
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  process.exitCode = opened && failed === 0 ? 0 : 1;
}
