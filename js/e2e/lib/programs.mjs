/** Servers and native peers, as programs of their own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PATIENCE, until } from './wait.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const program = process.env.BOPLISH_BIN || here('../../../target/release/boplish');

/** Those that run; none outlives the tests. */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Lines of stderr that a failed test shows. */
const TAIL = 60;

class Program {
  #child;
  #stderr = [];
  name;

  constructor(name, parameters) {
    if (!existsSync(program)) throw new Error(`${program} is missing: cargo xtask build makes it`);
    this.name = name;
    const filter = process.env.BOPLISH_LOG || 'info';
    this.#child = spawn(program, ['--log', filter, ...parameters], { stdio: 'pipe' });
    running.add(this.#child);
    this.#child.on('exit', () => running.delete(this.#child));
    createInterface(this.#child.stderr).on('line', (line) => {
      this.#stderr.push(line);
      if (this.#stderr.length > TAIL) this.#stderr.shift();
    });
    createInterface(this.#child.stdout).on('line', (line) => this.read(line));
    // A program that has ended takes no commands.
    this.#child.stdin.on('error', () => {});
  }

  /** One line of stdout. */
  read(_line) {}

  write(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  get isRunning() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get exitCode() {
    return this.#child.exitCode;
  }

  signal(name) {
    this.#child.kill(name);
  }

  async kill() {
    if (!this.isRunning) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** What a failed test shows of it. */
  log() {
    const end = this.isRunning ? 'running' : `ended with ${this.#child.exitCode ?? this.#child.signalCode}`;
    return [`--- ${this.name} (${end}), end of stderr:`, ...this.#stderr].join('\n');
  }
}

/** A bootstrap server. */
export class Server extends Program {
  #port;

  /** On the port, or on one that the system chooses. */
  static start(site, { port = 0, parameters = [] } = {}) {
    return Server.#listening('server', ['serve', '--listen', `127.0.0.1:${port}`, '--site', site, ...parameters]);
  }

  /** With native peers in the same program. */
  static demo(peers) {
    return Server.#listening('demo', ['demo', '--listen', '127.0.0.1:0', '--peers', String(peers)]);
  }

  static async #listening(name, parameters) {
    const server = new Server(name, parameters);
    await until('the server listens', () => {
      if (!server.isRunning) throw new Error(`the server did not start\n${server.log()}`);
      return server.#port;
    });
    return server;
  }

  read(line) {
    this.#port ??= line.match(/http:\/\/(?:127\.0\.0\.1|localhost):(\d+)$/)?.[1];
  }

  get port() {
    return Number(this.#port);
  }

  /** `localhost` is a secure context, as real pages are. */
  get host() {
    return `localhost:${this.port}`;
  }

  get url() {
    return `http://${this.host}`;
  }
}

/** A command that runs until it has done its work, or is ended. */
export class Command extends Program {
  lines = [];

  read(line) {
    this.lines.push(line);
  }

  /** The line of stdout that matches, once it is there: what the match has caught first. */
  async line(pattern) {
    const found = await until(`${this.name} says ${pattern}`, () => {
      const match = this.lines.map((line) => line.match(pattern)).find(Boolean);
      if (!match && !this.isRunning) throw new Error(`it has ended\n${this.log()}`);
      return match;
    });
    return found[1];
  }

  /** Waits until it has ended well. */
  async done() {
    await until(`${this.name} ends`, () => !this.isRunning);
    if (this.exitCode !== 0) throw new Error(this.log());
  }
}

/** A native peer that takes commands. */
export class NativePeer extends Program {
  events = [];
  #waiting = new Map();
  #references = 0;

  static async start(server, name, parameters = []) {
    const peer = new NativePeer(name, ['peer', '--json', '--timeout', '0', '--bootstrap', server.host, ...parameters]);
    await peer.event('its start', ({ event }) => event === 'started');
    return peer;
  }

  read(line) {
    const event = JSON.parse(line);
    if (event.event === 'response') {
      this.#waiting.get(event.ref)?.(event);
      this.#waiting.delete(event.ref);
    } else {
      this.events.push(event);
    }
  }

  get id() {
    return this.events.find(({ event }) => event === 'started')?.id;
  }

  /** The first event so far, or to come, that is as wanted. */
  event(what, isWanted, timeout = PATIENCE) {
    return until(`${this.name}: ${what}`, () => this.events.find(isWanted), timeout);
  }

  /** The response to a command, successful or not. */
  async ask(command, timeout = PATIENCE) {
    this.#references += 1;
    const ref = this.#references;
    let response;
    this.#waiting.set(ref, (answer) => {
      response = answer;
    });
    this.write(JSON.stringify({ ...command, ref }));
    return until(`${this.name}: an answer to ${JSON.stringify(command)}`, () => response, timeout);
  }

  async #do(command) {
    const response = await this.ask(command);
    if (!response.ok) throw new Error(`${this.name}: ${response.error}: ${response.message}`);
    return response;
  }

  async peers() {
    return (await this.#do({ cmd: 'peers' })).peers;
  }

  /** The round-trip time in ms. */
  async ping(to) {
    return (await this.#do({ cmd: 'ping', to })).round_trip_ms;
  }

  async send(to, protocol, payload) {
    await this.#do({ cmd: 'send', to, protocol, payload });
  }

  async isServerOpen() {
    return (await this.#do({ cmd: 'state' })).signaling;
  }

  /** The message of a protocol, come or to come. */
  message(protocol) {
    return this.event(`a message of ${protocol}`, (event) => event.event === 'message' && event.protocol === protocol);
  }
}
