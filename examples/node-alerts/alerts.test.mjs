import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { Alerts } from './alerts.mjs';
import { Plum, startEmulator } from './plum.mjs';

const ON_DUTY = '16175550123';
let emulator;
let plum;
let alerts;

before(async () => {
  emulator = await startEmulator();
});

after(() => emulator.stop());

beforeEach(async () => {
  plum = await Plum.lease(emulator.url);
  alerts = new Alerts(plum.env, ON_DUTY);
  await plum.application(await alerts.listen());
});

afterEach(async () => {
  await alerts.close();
  await plum.end();
});

test('who is on duty is texted, and the alert knows when it arrived', async () => {
  await alerts.down('db-1');
  await plum.expect({ to: ON_DUTY, body: 'db-1 is down. Text ACK.', count: 1 });
  assert.equal(alerts.open.get('db-1').delivery, 'asked');
  await plum.advance({ seconds: 60 });
  assert.equal(alerts.open.get('db-1').delivery, 'received');
});

test('a machine that stays down is told of once', async () => {
  await alerts.down('db-1');
  await alerts.down('db-1');
  await plum.expect({ to: ON_DUTY, count: 1 });
});

test('ACK closes what is open', async () => {
  await alerts.down('db-1');
  await alerts.down('web-2');
  await plum.texts(ON_DUTY, 'ack');
  await plum.expect({ to: ON_DUTY, type: 'reply', body: 'Thank you: db-1, web-2.' });
  assert.equal(alerts.open.size, 0);
});

test('any other text is told what is open', async () => {
  await alerts.down('db-1');
  await plum.texts(ON_DUTY, 'what is up?');
  await plum.expect({ to: ON_DUTY, type: 'reply', body: '1 alerts are open. Text ACK.' });
});

test('a lost answer does not text twice', async () => {
  await plum.rule({ operation: 'queue', first: 1 }, { answer_lost: true });
  await alerts.down('db-1');
  const { messages } = await plum.expect({ to: ON_DUTY, count: 1 });
  assert.equal(alerts.open.get('db-1').id, messages[0].sms_message_id);
  assert.deepEqual(await plum.ask('GET', '/rules?unused=1'), { rules: [] });
});

test('a connection that broke before anything was queued is tried again', async () => {
  await plum.rule({ operation: 'queue', first: 1 }, { reset: true });
  await alerts.down('db-1');
  await plum.expect({ to: ON_DUTY, count: 1 });
});

test('what Plum refuses is told in its words', async () => {
  await plum.rule({ operation: 'queue', first: 1 }, { error: 'Error sending sms request' });
  await assert.rejects(alerts.down('db-1'), /^Error: Error sending sms request$/);
});

test('an old status does not take the place of a newer one', async () => {
  await plum.ask('PUT', '/callbacks', { hold: true });
  await alerts.down('db-1');
  await plum.advance({ until: 'idle' });
  const { pending } = await plum.ask('GET', '/callbacks');
  assert.deepEqual(pending.map((each) => each.status), ['sent', 'received']);
  await plum.ask('POST', '/callbacks/release', { ids: pending.map((each) => each.id).reverse() });
  assert.equal(alerts.open.get('db-1').delivery, 'received');
});

test('two accounts never see each other', async () => {
  const other = await Plum.lease(emulator.url);
  await alerts.down('db-1');
  await other.expect({ count: 0 });
  await other.end();
});
