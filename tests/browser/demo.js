// The policy of the demonstration: one route per strategy, in states that a person may meet.

/** The document of one route; `spec` is indented by two. Requests choose it by the header x-route. */
export function routeText(name, spec) {
  return `apiVersion: sluice.dev/v1
kind: ModelRoute
metadata: {name: ${name}}
spec:
  matches: [{path: {type: PathPrefix, value: /v2/models/digits}, headers: [{name: x-route, value: ${name}}]}]
  protocol: OpenInference
  unit: {header: x-user-id}
${spec.replace(/^\n/, '')}
---
`;
}

export const versionsText = (urls) => `  versions:
${Object.entries(urls).map(([name, list]) => `    - {name: ${name}, endpoints: [${[].concat(list).join(', ')}]}`).join('\n')}`;

/** A canary that waits for a person at 25 %. */
export const waitingCanary = (name, urls) => routeText(name, `
${versionsText(urls)}
  strategy:
    canary:
      stable: v1
      candidate: v2
      steps:
        - setWeight: 10
        - pause: {duration: 1s}
        - setWeight: 25
        - pause: {}
        - setWeight: 50
        - pause: {duration: 10m}
      analysis:
        interval: 1s
        minRequests: 30
        checks:
          - {metric: error-rate, thresholdRange: {max: 10%}}
          - {metric: latency-p90, thresholdRange: {max: 500ms}}`);

/** Another canary, whose candidate fails: the parachute answers, and the check takes it back. */
const failingCanary = (name, urls) => routeText(name, `
${versionsText(urls)}
  strategy:
    canary:
      stable: v1
      candidate: v2
      steps: [{setWeight: 40}, {pause: {duration: 1h}}, {setWeight: 50}]
      analysis:
        interval: 1s
        minRequests: 30
        checks: [{metric: error-rate, thresholdRange: {max: 5%}}]`);

const abTest = (name, urls) => routeText(name, `
${versionsText(urls)}
  outcomes: [{name: click, attributionWindow: 30m}]
  strategy:
    abTest:
      variants: [{version: v1, weight: 2}, {version: v2}, {version: v3}]
      control: v1
      primaryMetric: click
      minimumEffect: 2%
      guardrails: [{metric: error-rate, versusStable: {margin: 5%}}]
      maxDuration: 28d
      onWinner: Hold`);

const bandit = (name, urls) => routeText(name, `
${versionsText(urls)}
  outcomes: [{name: purchase, attributionWindow: 1d}]
  strategy:
    bandit:
      arms: [v1, v2, v3]
      reward: purchase
      minimumShare: 2%
      updateInterval: 1s`);

const shadow = (name, urls) => routeText(name, `
${versionsText(urls)}
  segments: [{name: business, matches: [{headers: [{name: x-account, value: business}]}]}]
  strategy:
    shadow:
      live: v1
      candidates: [{version: v2, percent: 50}]
      budget: {requests: 1000000, duration: 7d}
      compare:
        ignore: [/id]
        tolerance: 0.05
        keep: {pairs: 20, bytes: 4KiB, expireAfter: 1h}
      analysis:
        interval: 1s
        minRequests: 100
        checks:
          - {metric: disagreement, thresholdRange: {max: 60%}}
          - {metric: error-rate, versusStable: {margin: 0.5%}}
      stopWhen: Never`);

const rolling = (name, urls) => routeText(name, `
${versionsText(urls)}
  health: {interval: 1s}
  strategy:
    rolling: {stable: v1, candidate: v2, maxUnavailable: 1, minReady: 5m}`);

const blueGreen = (name, urls, trial) => routeText(name, `
${versionsText(urls)}
  strategy:
    blueGreen:
      active: blue
      preview: green
      previewMatch: {headers: [{name: x-preview, value: "1"}]}
${trial}
      keepWarm: 30m`);

const waitingTrial = `      prePromotion:
        mirror: 50%
        analysis: {interval: 1s, minRequests: 30, checks: [{metric: error-rate, thresholdRange: {max: 5%}}]}`;
const openFlip = '      autoPromote: {enabled: true}';

const stages = (name, urls) => routeText(name, `
${versionsText(urls)}
  strategy:
    stages:
      - shadow:
          live: v1
          candidates: [{version: v2}]
          analysis: {interval: 1s, minRequests: 20, checks: [{metric: error-rate, thresholdRange: {max: 5%}}]}
          stopWhen: Conclusive
      - canary:
          stable: v1
          candidate: v2
          steps: [{setWeight: 10}, {pause: {duration: 2h}}, {setWeight: 50}]
          analysis: {interval: 1s, minRequests: 20, checks: [{metric: error-rate, thresholdRange: {max: 5%}}]}
      - abTest:
          variants: [{version: v1}, {version: v2}]
          control: v1
          primaryMetric: latency-mean
          onWinner: Promote`);

const plain = (name, urls) => routeText(name, versionsText(urls));

/** Starts what the demonstration needs; returns the policy's text behind the Gateway's document and its routes. */
export async function demo(world) {
  const [one, two, three, fourth, faulty] = [
    await world.model('--variant', 'v1', '--latency', '4ms'),
    await world.model('--variant', 'v2', '--latency', '5ms'),
    await world.model('--variant', 'v3', '--latency', '9ms'),
    await world.model('--variant', 'v2', '--latency', '5ms'),
    await world.model('--variant', 'v3', '--error-rate', '30%'),
  ];
  const nobody = 'http://127.0.0.1:9';
  return {
    routes: ['fraud-detection', 'search-ranking', 'offers', 'churn', 'vision', 'credit-score', 'spam', 'translation', 'pricing', 'legacy-embeddings'],
    text: [
      waitingCanary('fraud-detection', { v1: [one, three], v2: two }),
      abTest('search-ranking', { v1: one, v2: two, v3: three }),
      bandit('offers', { v1: one, v2: two, v3: three }),
      shadow('churn', { v1: one, v2: two }),
      rolling('vision', { v1: [one, three, fourth], v2: [two, fourth.replace('127.0.0.1', '127.0.0.2'), nobody] }),
      blueGreen('credit-score', { blue: one, green: two }, waitingTrial),
      blueGreen('translation', { blue: one, green: two }, openFlip),
      failingCanary('spam', { v1: one, v2: faulty }),
      stages('pricing', { v1: one, v2: two }),
      plain('legacy-embeddings', { main: [one, nobody] }),
    ].join(''),
  };
}

/** What users of the demonstration do with the answers: v2 earns more than v1, v3 less. */
export function react(world) {
  const chance = { v1: 0.10, v2: 0.16, v3: 0.07 };
  let seed = 1;
  const random = () => { seed = (seed * 16807) % 2147483647; return seed / 2147483647; };
  return (route, answer) => {
    const token = answer.headers['x-sluice-decision'];
    if (!token) return;
    const happened = random() < (chance[answer.headers['x-sluice-version']] ?? 0) ? 1 : 0;
    if (route === 'search-ranking') world.report(token, { click: happened });
    if (route === 'offers') world.report(token, { purchase: happened });
  };
}
