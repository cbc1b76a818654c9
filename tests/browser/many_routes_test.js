// Two hundred routes: only what changed is touched, and the page answers a finger at once.
import assert from 'node:assert/strict';
import { closePage, eventually, it, launch, openPage, programs, run } from './browser.js';
import { waitingCanary } from './demo.js';
import { World } from './world.js';

const COUNT = 200;
const world = new World(programs);
const names = Array.from({ length: COUNT }, (_, i) => `route-${String(i).padStart(3, '0')}`);
let browser;

it('shows all of them, and touches only the lines of those that changed', async () => {
  const page = await openPage(browser, world.url);
  await eventually(async () => await page.locator('tbody tr').count() === COUNT, 'all lines');
  await page.locator('tbody tr', { hasText: 'route-199' }).getByText('awaiting evidence').waitFor();
  // Every rollout has begun; then, without a request, nothing changes for as long as four messages may take.
  await page.evaluate(() => new Promise((resolve) => {
    window.touched = new Set();
    const settled = () => { window.touched.clear(); resolve(); };
    let quiet = setTimeout(settled, 2000);
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const at = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
        if (at?.closest('time')) continue;
        window.touched.add(at?.closest('tbody tr')?.querySelector('a')?.textContent ?? 'the page');
        clearTimeout(quiet);
        quiet = setTimeout(settled, 2000);
      }
    }).observe(document.querySelector('tbody'), { subtree: true, childList: true, characterData: true, attributes: true });
  }));
  world.startAsking(['route-007', 'route-050'], 60);
  await eventually(() => page.evaluate(() => window.touched.has('route-007') && window.touched.has('route-050')), 'both lines follow');
  world.stopAsking();
  assert.deepEqual(await page.evaluate(() => [...window.touched].sort()), ['route-007', 'route-050']);
  await closePage(page);
});

it('stays fluent while all of them are busy', async () => {
  const page = await openPage(browser, world.url);
  await eventually(async () => await page.locator('tbody tr').count() === COUNT, 'all lines');
  world.startAsking(names, 400);
  const seen = await page.evaluate(async () => {
    const begun = performance.now();
    const long = [];
    new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
    let changes = 0;
    new MutationObserver(() => ++changes).observe(document.querySelector('tbody'), { subtree: true, characterData: true });
    let frames = 0;
    await new Promise((resolve) => {
      const frame = () => { ++frames; if (performance.now() - begun > 5000) resolve(); else requestAnimationFrame(frame); };
      requestAnimationFrame(frame);
    });
    return { frames, changes, busy: long.reduce((sum, it) => sum + it, 0) / (performance.now() - begun), longest: Math.max(0, ...long) };
  });
  const filtered = await page.evaluate(async () => {
    const field = document.getElementById('find');
    const begun = performance.now();
    field.value = 'route-15';
    field.dispatchEvent(new Event('input'));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return { took: performance.now() - begun, lines: document.querySelectorAll('tbody tr').length };
  });
  world.stopAsking();
  console.log(`        ${seen.frames} frames and ${seen.changes} changes in 5 s, ${(seen.busy * 100).toFixed(0)}% in long tasks, longest ${seen.longest.toFixed(0)} ms; a filter took ${filtered.took.toFixed(0)} ms`);
  assert.ok(seen.changes >= 3, 'it follows');
  assert.ok(seen.busy < 0.5, `${seen.busy} of the time nothing else could happen`);
  assert.equal(filtered.lines, 10);
  assert.ok(filtered.took < 1000, `a filter took ${filtered.took} ms`);
  await closePage(page);
});

await run(async () => {
  await world.open();
  const [v1, v2] = [await world.model('--variant', 'v1'), await world.model('--variant', 'v2')];
  await world.start(world.gatewayText() + names.map((name) => waitingCanary(name, { v1, v2 })).join(''));
  browser = await launch();
}, async () => {
  await browser?.close();
  await world.close();
});
