// A real gateway with real sample models behind it, and clients that ask: what the browser tests look at.
//
// Every port is free, every process is ended by its handle, everything is written below one temporary folder.
import { spawn } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A program that prints "listening [WHAT] ADDRESS" for each port once it is up. */
class Program {
  constructor(command, args) {
    this.output = '';
    this.log = '';
    this.waiting = [];
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout.on('data', (data) => this.took(data));
    this.process.stderr.on('data', (data) => { this.log = (this.log + data).slice(-20000); });
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.ended.then(() => this.took(''));
  }

  took(data) {
    this.output += data;
    this.waiting = this.waiting.filter((look) => !look());
  }

  /** The port of the line "listening WHAT HOST:PORT"; WHAT may be empty. Rejects when the program ends first. */
  port(what = '') {
    const line = new RegExp(`^listening ${what ? `${what} ` : ''}\\S+:(\\d+)$`, 'm');
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = line.exec(this.output);
        if (found) resolve(Number(found[1]));
        else if (this.process.exitCode !== null) reject(new Error(`it has ended:\n${this.log}`));
        else return false;
        return true;
      };
      if (!look()) this.waiting.push(look);
    });
  }

  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    await this.ended;
  }
}

/** One question for the model: an image of 64 pixels that differs from number to number. */
function question(number) {
  const pixels = Array.from({ length: 64 }, (_, i) => (i * (3 + (number % 11)) + number) % 17);
  return JSON.stringify({ inputs: [{ name: 'image', datatype: 'FP32', shape: [1, 64], data: pixels }] });
}

export class World {
  /** `bin`: the folder with sluice and sluice-sample-model; `data`: the digits that the models learn from. */
  constructor({ bin, data }) {
    this.bin = bin;
    this.data = data;
    this.models = [];
    this.asked = 0;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  }

  async open() {
    this.folder = await mkdtemp(path.join(tmpdir(), 'sluice-browser.'));
    this.policy = path.join(this.folder, 'policy.yaml');
  }

  /** Starts a model and returns its address as URL. */
  async model(...options) {
    const program = new Program(path.join(this.bin, 'sluice-sample-model'), ['--port', '0', '--data', this.data, ...options]);
    this.models.push(program);
    return `http://127.0.0.1:${await program.port()}`;
  }

  async write(text) {
    await writeFile(`${this.policy}.new`, text);
    await rename(`${this.policy}.new`, this.policy);
  }

  /** The Gateway's document; `admin` is more of spec.admin. */
  gatewayText(admin = '') {
    return `apiVersion: sluice.dev/v1
kind: Gateway
metadata: {name: demo}
spec:
  listeners: [{address: 127.0.0.1:0}]
  metrics: {address: 127.0.0.1:0}
  admin: {address: 127.0.0.1:0${admin}}
  state: {memory: {}}
  drain: {delay: 0s, timeout: 2s}
---
`;
  }

  async start(text) {
    await this.write(text);
    this.gateway = new Program(path.join(this.bin, 'sluice'), ['serve', this.policy]);
    this.adminPort = await this.gateway.port('admin');
    this.dataPort = await this.gateway.port('data').catch(() => 0);
  }

  get url() { return `http://127.0.0.1:${this.adminPort}/`; }

  /** One request through the gateway; resolves with status and headers, whatever it is. */
  ask(route, { port = this.dataPort, user = this.asked } = {}) {
    const body = question(this.asked++);
    return new Promise((resolve) => {
      const request = http.request({
        host: '127.0.0.1', port, agent: this.agent, method: 'POST', path: '/v2/models/digits/infer',
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-route': route, 'x-user-id': `user-${user}` },
      }, (response) => {
        response.resume();
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers }));
      });
      request.on('error', () => resolve({ status: 0, headers: {} }));
      request.end(body);
    });
  }

  /** Asks the routes in turn, `perSecond` questions in all, until stopAsking(). */
  startAsking(routes, perSecond, then = () => {}) {
    let turn = 0;
    this.timer = setInterval(() => {
      for (let i = 0; i < Math.max(1, Math.round(perSecond / 20)); ++i) {
        const route = routes[turn++ % routes.length];
        this.ask(route).then((answer) => then(route, answer));
      }
    }, 50);
  }

  stopAsking() { clearInterval(this.timer); }

  /** What applications report: one outcome about the decision of an answer. */
  report(token, values) {
    const body = JSON.stringify({ decision: token, ...values });
    const request = http.request({
      host: '127.0.0.1', port: this.dataPort, agent: this.agent, method: 'POST', path: '/sluice/v1/outcomes',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    }, (response) => response.resume());
    request.on('error', () => {});
    request.end(body);
  }

  async admin(pathname, init = {}) {
    const response = await fetch(new URL(pathname, this.url), init);
    return { status: response.status, json: await response.json().catch(() => null) };
  }

  async close() {
    this.stopAsking();
    this.agent.destroy();
    if (this.gateway) await this.gateway.stop();
    for (const model of this.models) await model.stop();
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }
}
