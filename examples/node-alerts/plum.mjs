// For tests: an emulator, and accounts on it, by the control surface over HTTP.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The emulator that PLUM_EMULATOR_URL names, or one that is started on a free port. */
export async function startEmulator(environment = process.env) {
  if (environment.PLUM_EMULATOR_URL) return { url: environment.PLUM_EMULATOR_URL, stop: () => {} };
  const child = spawn('plum-emulator', ['serve', '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve, reject) => child.on('exit', resolve).on('error', reject));
  const line = await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    gone.then(() => Promise.reject(new Error('plum-emulator ended before it was ready'))),
  ]);
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  return { url: JSON.parse(line).url, stop };
}

/** An account of a test's own, on a manual clock: nothing happens until the test says so. */
export class Plum {
  static async lease(url, options = {}) {
    const plum = new Plum(url, {});
    plum.account = await plum.ask('POST', '/accounts/lease', { clock: 'manual', ...options });
    return plum;
  }

  constructor(url, account) {
    this.url = url;
    this.account = account;
  }

  get number() {
    return this.account.numbers[0];
  }

  /** What an application takes from its environment. */
  get env() {
    const { username, password } = this.account;
    return { PLUM_BASE_URL: this.url, PLUM_USERNAME: username, PLUM_PASSWORD: password, PLUM_NUMBER: this.number };
  }

  /** Ask the control surface. Throws what it says went wrong, an expectation's near misses too. */
  async ask(method, path, body) {
    const to = new URL(`${this.url}/_plum${path}`);
    if (this.account.username) to.searchParams.set('account', this.account.username);
    const options = { method, headers: { 'Content-Type': 'application/json' } };
    if (body !== undefined) options.body = JSON.stringify(body);
    const response = await fetch(to, options);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  application(url) {
    return this.ask('PUT', `/numbers/${this.number}`, { application_url: url });
  }

  advance(by) {
    return this.ask('POST', '/clock/advance', by);
  }

  expect(wanted) {
    return this.ask('POST', '/expect', wanted);
  }

  rule(when, then) {
    return this.ask('POST', '/rules', { when, then });
  }

  /** Text our number from a handset; when it returns the application has answered. */
  async texts(from, body) {
    await this.ask('POST', '/inbound', { from, to: this.number, body });
    await this.advance({ seconds: 0 });
  }

  end() {
    return this.ask('DELETE', `/accounts/${this.account.username}`);
  }
}
