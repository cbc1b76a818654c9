// What a person's word would do, in one sentence: the confirmation names the effect, not the verb.
import { percent } from './format.js';

const by = (rollout, ...roles) => rollout.versions?.find((it) => roles.includes(it.role))?.version;
const quoted = (name) => (name ? `“${name}”` : '');
const clean = (text = '') => text.replace(/, (\S+ )*left$|, over$/, '');

/** Which of the seven strategies is at work now: within stages, that of the stage under way. */
export function working(rollout) {
  if (rollout.strategy !== 'stages') return rollout.strategy;
  return rollout.stageTexts?.[(rollout.stage || 1) - 1] ?? 'stages';
}

/** Who has everything after an abort or an undo, and who is tried: also once the latter was promoted and is called stable. */
export function sides(rollout) {
  const first = working(rollout) === 'bandit' ? rollout.arms?.[0]?.version ?? 'the first arm' : null;
  const kept = first ?? by(rollout, 'previous') ?? by(rollout, 'control') ?? by(rollout, 'stable', 'live') ?? by(rollout, 'active') ?? rollout.versions?.[0]?.version ?? 'the stable version';
  const tried = by(rollout, 'candidate', 'preview', 'shadow') ?? rollout.versions?.find((it) => it.version !== kept)?.version ?? 'the candidate';
  return { kept, tried };
}

function nextStep(rollout, tried) {
  const weight = /^setWeight (\S+)$/.exec(rollout.next ?? '')?.[1];
  if (weight) return `${tried} gets ${weight}% of the traffic.`;
  if (rollout.next?.startsWith('promotion')) return `${tried} gets all traffic: the rollout ends as promoted.`;
  return rollout.next ? `Next comes: ${rollout.next}.` : 'It goes on with what comes next.';
}

const heldPast = 'Goes on although it is held. ';

const promotes = {
  canary(rollout, { tried }) {
    const past = rollout.phase === 'Held' ? heldPast : rollout.phase === 'Pending' ? 'Begins. ' : `Goes past ${quoted(clean(rollout.stepText)) || 'this step'}. `;
    return past + nextStep(rollout, tried);
  },
  blueGreen(rollout, { tried }) {
    if (rollout.phase === 'Pending') return `The trial of ${tried} begins.`;
    if ((rollout.step ?? 1) < 2) return `All traffic flips to ${tried} at once, however undecided its checks are.`;
    return 'Ends the watch: the version that serves now is promoted.';
  },
  rolling(rollout) {
    if (rollout.phase === 'RollingBack') return 'Turns round: instances are replaced forwards again.';
    if (rollout.phase === 'Pending' || rollout.reason === 'AwaitingConfirmation') {
      const slots = rollout.slots ?? [];
      const through = slots.length > 0 && slots.every((slot) => slot.phase === 'New');
      return `No confirmation is waited for: ${through ? 'the rollout ends as promoted.' : 'the next instance is replaced.'}`;
    }
    return `${rollout.phase === 'Held' ? heldPast : ''}The instance under way need not settle any longer: the next one is replaced.`;
  },
  shadow: (rollout, { tried }) => `${rollout.winner || tried} answers every request from now on, and its copies end.`,
  abTest(rollout) {
    if (rollout.phase === 'Held') return `${heldPast}The test continues, and nobody gets more traffic yet.`;
    return rollout.winner ? `${rollout.winner} gets all traffic.` : 'Only a winner can be promoted, and there is none yet.';
  },
  bandit: (rollout) => (rollout.phase === 'Held' ? `${heldPast}Learning continues.` : 'The arm that leads gets all traffic, and learning ends.'),
};

const wholly = {
  canary: (rollout, { tried }) => `${tried} gets all traffic now, past every step and every check.`,
  stages: (rollout) => `Past all ${rollout.stages} stages: the last stage's candidate gets all traffic now, without checks.`,
  rolling: (rollout, { tried }) => `All instances become ${tried}, without looking at checks.`,
  blueGreen: (rollout, { tried }) => `All traffic goes to ${tried} now, past checks, gates and watch.`,
  shadow: (rollout, { tried }) => `${rollout.winner || tried} answers every request from now on, although its checks do not allow it.`,
  abTest: () => 'The variant that leads gets all traffic, whether or not it is certain.',
  bandit: () => 'The arm that leads gets all traffic, whether or not it is certain.',
};

const others = {
  pause(rollout) {
    if (working(rollout) === 'rolling') return 'Instances under way finish, and no other begins until somebody resumes. A failing check may still send all of them back.';
    return 'Traffic stays as it is: nothing advances or is promoted until somebody resumes. A failing check may still roll it back.';
  },
  resume: () => 'The pause that a person set is lifted, and clocks go on from where they stood.',
  abort(rollout, { kept }) {
    const strategy = working(rollout);
    if (strategy === 'shadow' && rollout.strategy === 'shadow') return 'No more copies are made. Clients notice nothing.';
    if (strategy === 'rolling') return `The instances that were replaced go back to ${kept}.`;
    const stays = rollout.versions?.some((it) => it.version === kept && it.target >= 1);
    return `All traffic ${stays ? 'stays with' : 'goes back to'} ${kept}, and the rollout ends as aborted.`;
  },
  retry(rollout) {
    if (rollout.strategy === 'rolling' && rollout.phase === 'Held') return 'Another attempt begins with the instances as they are; what was counted so far counts no more.';
    return `Begins again ${rollout.strategy === 'stages' ? 'with the first stage' : 'from the start'}; what was counted so far counts no more.`;
  },
  undo(rollout, { kept }) {
    if (working(rollout) === 'rolling') return `The instances go back to ${kept}, in batches; traffic follows them.`;
    return `All traffic goes back to ${kept} at once.`;
  },
};

/** The sentence for one verb; `full` belongs to promote. */
export function effect(verb, rollout, full = false) {
  const both = sides(rollout);
  if (verb !== 'promote') return others[verb]?.(rollout, both) ?? '';
  if (full) return (wholly[rollout.strategy] ?? wholly.canary)(rollout, both);
  if (rollout.strategy === 'stages' && /Awaiting(Approval|StageTime)/.test(rollout.reason ?? '')) return `This stage ends, and ${rollout.next || 'the next stage'} begins.`;
  return (promotes[working(rollout)] ?? (() => 'It goes on with what comes next.'))(rollout, both);
}

/** What traffic is like now, to compare with. */
export function presently(page) {
  return (page.versions ?? []).filter((it) => it.targetWeight > 0).map((it) => `${it.version} ${percent(it.targetWeight)}`).join(', ');
}

/** Verbs that take something from people rather than give: shown as such. */
export const grave = new Set(['abort', 'undo']);
