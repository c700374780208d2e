// Texts who is on duty when a machine is down, until somebody answers ACK.

import { createServer } from 'node:http';

const ORDER = ['asked', 'queued', 'sent', 'received', 'failed', 'undelivered'];

export class Alerts {
  /** `environment` names Plum's address, the login, and our number; `onDuty` is a phone. */
  constructor(environment, onDuty) {
    const { PLUM_BASE_URL = 'https://hosting.plumvoice.com', PLUM_USERNAME, PLUM_PASSWORD } = environment;
    this.services = `${PLUM_BASE_URL}/ws/sms`;
    this.number = environment.PLUM_NUMBER;
    this.headers = { Authorization: `Basic ${btoa(`${PLUM_USERNAME}:${PLUM_PASSWORD}`)}` };
    this.onDuty = onDuty;
    this.open = new Map(); // machine: { id, delivery }
    this.server = createServer((request, response) => this.#served(request, response));
  }

  /** Listen on a free port; where Plum reaches us. */
  async listen() {
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this.url;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** Text that a machine is down, once as long as nobody answers. */
  async down(machine) {
    if (this.open.has(machine)) return;
    const alert = { id: '', delivery: 'asked' };
    this.open.set(machine, alert);
    alert.id = await this.#send(`${machine} is down. Text ACK.`, `${this.url}/results/${machine}`);
  }

  async #send(body, resultUrl, tries = 3) {
    for (let left = tries; left > 0; left -= 1) {
      try {
        return await this.#queue(body, resultUrl);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // fetch's, for a connection that broke
        const queued = await this.#queuedBefore(body); // it may have been taken, and the answer lost
        if (queued) return queued;
      }
    }
    throw new Error(`no connection to ${this.services}`);
  }

  async #queue(body, resultUrl) {
    const fields = new URLSearchParams({ to: this.onDuty, from: this.number, body, result_url: resultUrl });
    const response = await fetch(`${this.services}/queue.json`, { method: 'POST', body: fields, headers: this.headers });
    const answer = await response.json();
    if (answer.status !== 'success') throw new Error(answer.error);
    return answer.result.sms_messages[0].sms_message_id;
  }

  async #queuedBefore(body) {
    const wanted = new URLSearchParams({
      phone_number: this.onDuty,
      phone_number_type: 'customer',
      type: 'outbound',
    });
    const answer = await (await fetch(`${this.services}/messages.json?${wanted}`, { headers: this.headers })).json();
    return answer.result.sms_messages.find((message) => message.body === body)?.sms_message_id;
  }

  async #served(request, response) {
    let body = '';
    for await (const chunk of request) body += chunk;
    const fields = new URLSearchParams(body);
    if (request.url.startsWith('/results/')) {
      this.#delivered(decodeURIComponent(request.url.slice('/results/'.length)), fields.get('status'));
      response.writeHead(204).end();
    } else {
      const text = `<reply><sms_message>${this.#answer(fields.get('body'))}</sms_message></reply>`;
      response.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8' }).end(text);
    }
  }

  /** A status; one that is older than what is known changes nothing. */
  #delivered(machine, status) {
    const alert = this.open.get(machine);
    if (alert && ORDER.indexOf(status) > ORDER.indexOf(alert.delivery)) alert.delivery = status;
  }

  #answer(text) {
    if (text.trim().toUpperCase() !== 'ACK') return `${this.open.size} alerts are open. Text ACK.`;
    const names = [...this.open.keys()].join(', ');
    this.open.clear();
    return names ? `Thank you: ${names}.` : 'No alert is open.';
  }
}
