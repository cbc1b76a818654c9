// The stream of changes: read with fetch(), because an EventSource cannot send a token. Comes again by itself.
import { Refused, open } from './api.js';
import { setNow } from './time.js';

const SILENCE = 40000;  // ms: comments come every 15 s, so this is a dead line
const FIRST = 500;
const MOST = 15000;

/** Cuts text into server-sent events and gives `take` the name and the data of each. */
export function eventReader(take) {
  let rest = '';
  return (text) => {
    rest += text;
    const parts = rest.split(/\r?\n\r?\n/);
    rest = parts.pop();
    for (const part of parts) {
      let name = 'message';
      const data = [];
      for (const line of part.split(/\r?\n/)) {
        if (line.startsWith('event:')) name = line.slice(6).trim();
        if (line.startsWith('data:')) data.push(line.slice(5));
      }
      if (data.length > 0) take(name, data.join('\n'));
    }
  };
}

/**
 * `taker`: onSnapshot, onDelta, onLink({state: connecting | live | lost | locked, since, retryAt, why, answered}).
 * `answered`: the gateway is there, and said why it gives no stream.
 */
export class Live {
  constructor(taker) {
    this.taker = taker;
    this.failures = 0;
    this.lostSince = null;
  }

  /** Begins, or begins anew: with another token, or because a person does not want to wait. */
  restart() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.connect();
  }

  async connect() {
    const abort = new AbortController();
    this.abort = abort;
    if (this.lostSince === null) this.taker.onLink({ state: 'connecting' });
    try {
      await this.read(abort);
      throw new Error('the gateway ended the stream');
    } catch (error) {
      if (abort === this.abort) this.lost(error);
    } finally {
      clearTimeout(abort.watchdog);
    }
  }

  async read(abort) {
    this.watch(abort);
    const response = await open('live', { signal: abort.signal, headers: { Accept: 'text/event-stream' } });
    const feed = eventReader((name, data) => this.take(name, data));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.watch(abort);
      feed(value);
    }
  }

  take(name, data) {
    const message = JSON.parse(data);
    if (message.now) setNow(message.now);
    if (name === 'snapshot') {
      this.failures = 0;
      this.lostSince = null;
      this.taker.onSnapshot(message);
      this.taker.onLink({ state: 'live' });
    } else if (name === 'delta') {
      this.taker.onDelta(message);
    }
  }

  watch(abort) {
    clearTimeout(abort.watchdog);
    abort.watchdog = setTimeout(() => abort.abort(new Error(`nothing came for ${SILENCE / 1000} s`)), SILENCE);
  }

  lost(error) {
    if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
      return this.taker.onLink({ state: 'locked', why: error.message });
    }
    this.lostSince ??= Date.now();
    const pause = Math.min(MOST, FIRST * 2 ** this.failures++) * (0.75 + Math.random() / 2);
    this.timer = setTimeout(() => this.connect(), pause);
    this.taker.onLink({ state: 'lost', since: this.lostSince, retryAt: Date.now() + pause, why: error.message, answered: error instanceof Refused });
  }
}
