// Recognition: identities, pictures, groups and jobs of a namespace, and the rows that come page by page.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as ii from 'image-intelligence';
import { failure, scripted, send } from './support/scripted.mjs';
import { until } from './support/surroundings.mjs';

const ANN = { id: 'ann', customId: 'Ann', images: [{ id: 'f-1' }], createdAt: 1487648348000 };
const ROOMS = { identities: 'identities', images: 'images', groups: 'groups', jobs: 'recognize' };

/** So many rows, the newest first, and 100 a page as the API would give them. */
const rows = (count) =>
  Array.from({ length: count }, (_, index) => ({ id: `r-${index}`, images: [], createdAt: 1487648348000 - index }));

function page(all, { limit = 20, offset = 0, end = Number.POSITIVE_INFINITY }) {
  return all.filter(({ createdAt }) => createdAt <= end).slice(offset, offset + limit);
}

describe('against a server', () => {
  let server;
  let client;
  let staff;
  let answer;
  const asked = [];
  before(async () => {
    server = await scripted((request, response, body) => {
      asked.push({ call: `${request.method} ${request.url}`, headers: request.headers });
      if (body.length) asked.at(-1).body = JSON.parse(body);
      return answer(request, response, asked.at(-1).body);
    });
    client = server.client();
    staff = client.recognition('staff');
  });
  after(async () => {
    client.close();
    await server.close();
  });

  async function sends(call, answers) {
    asked.length = 0;
    answer = () => answers;
    const read = await call();
    assert.equal(asked.length, 1);
    return [asked[0].call, asked[0].body, read];
  }

  it('identities are made, read, changed and forgotten', async () => {
    const { identities } = staff;
    const create = { customId: 'Ann', imageIds: ['f-1'] };
    const [post, sent, made] = await sends(() => identities.create(create), { ...ANN, mood: 'good' });
    assert.deepEqual([post, sent, made], ['POST /v2/recognition/identities/staff', create, ANN]);
    assert.equal(ii.rawJson(made).mood, 'good');
    assert.deepEqual((await sends(() => identities.create(), ANN))[1], {});
    const [get, , read] = await sends(() => identities.get('a/b'), ANN);
    assert.deepEqual([get, read], ['GET /v2/recognition/identities/staff/a%2Fb', ANN]);
    for (const [change, body] of [
      [{ customId: 'Anna' }, { customId: 'Anna' }],
      [{ add: ['f-2'] }, { images: { add: ['f-2'], remove: [] } }],
      [{ remove: ['f-1'] }, { images: { add: [], remove: ['f-1'] } }],
    ]) {
      const [patch, told] = await sends(() => identities.update('ann', change), ANN);
      assert.deepEqual([patch, told], ['PATCH /v2/recognition/identities/staff/ann', body]);
    }
    const [gone, , nothing] = await sends(() => identities.delete('ann'), {});
    assert.deepEqual([gone, nothing], ['DELETE /v2/recognition/identities/staff/ann', undefined]);
    answer = (_request, response) => send(response, {}, 400);
    assert.ok((await failure(identities.update('ann', {}))) instanceof ii.NotFoundError);
  });

  it('an identity whose answer was lost is not made again', async () => {
    asked.length = 0;
    answer = (_request, response) => void response.destroy();
    const error = await failure(staff.identities.create({ customId: 'Ann' }));
    assert.ok(error instanceof ii.OutcomeUnknownError, error.stack);
    assert.deepEqual([asked.length, error.customId, error.candidates], [1, 'Ann', []]);
  });

  for (const [room, path] of Object.entries(ROOMS)) {
    it(`${room}: one, a page, and every row`, async () => {
      const row = { id: '1', images: [], status: 'X', createdAt: 1487648348000 };
      const [get, , read] = await sends(() => staff[room].get('1'), row);
      assert.deepEqual([get, read.id], [`GET /v2/recognition/${path}/staff/1`, '1']);
      const search = {
        limit: 10,
        offset: 5,
        start: new Date(1487648347000),
        end: 1487648348000,
        sortBy: 'ASC',
        ids: ['1'],
        feedIds: null,
        customIds: ['Ann'],
      };
      const [post, body, found] = await sends(() => staff[room].search(search), [row, { ...row, id: '2', mood: 'x' }]);
      assert.equal(post, `POST /v2/recognition/${path}/staff/search`);
      assert.deepEqual(body, { ...search, start: 1487648347000 });
      assert.deepEqual(
        found.map(({ id }) => id),
        ['1', '2'],
      );
      assert.equal(ii.rawJson(found[1]).mood, 'x');
      assert.deepEqual((await sends(() => staff[room].search({ feedIds: undefined }), []))[1], {});
      const all = rows(250).map((one) => ({ ...row, ...one }));
      answer = (_request, _response, wanted) => page(all, wanted);
      const seen = [];
      for await (const { id } of staff[room].all()) seen.push(id);
      assert.deepEqual(
        seen,
        all.map(({ id }) => id),
      );
    });
  }

  it('a page is fetched when it is asked for, and break ends it', async () => {
    asked.length = 0;
    const all = rows(250);
    answer = (_request, _response, wanted) => page(all, wanted);
    const every = staff.identities.all({ customIds: null, limit: 50 });
    assert.equal(asked.length, 0);
    let seen = 0;
    for await (const _ of every) {
      seen += 1;
      assert.equal(asked.length, Math.ceil(seen / 50));
      if (seen === 60) break;
    }
    assert.deepEqual(
      asked.map(({ body }) => [body.limit, body.customIds]),
      [
        [50, null],
        [50, null],
      ],
    );
    // Each loop searches anew.
    for await (const { id } of every) {
      assert.equal(id, 'r-0');
      break;
    }
    assert.equal(asked.length, 3);
  });

  it('rows end by their signal, between two rows and under way', async () => {
    answer = () => rows(20);
    const between = new AbortController();
    let seen = 0;
    const error = await failure(async () => {
      for await (const _ of staff.images.all({}, { signal: between.signal })) {
        seen += 1;
        between.abort('enough');
      }
    });
    assert.deepEqual([error.kind, error.reason, seen], ['cancelled', 'enough', 1]);
    answer = () => undefined;
    asked.length = 0;
    const { hungUp } = server.seen;
    const controller = new AbortController();
    const under = failure(staff.images.all({}, { signal: controller.signal })[Symbol.asyncIterator]().next());
    await until(() => asked.length === 1, 'a page under way');
    controller.abort();
    assert.ok((await under) instanceof ii.AbortError);
    await until(() => server.seen.hungUp === hungUp + 1, 'its connection closed');
  });

  it('rows end with an error, and with their client', async () => {
    answer = (_request, response) => send(response, { message: 'no' }, 403);
    const iterator = staff.groups.all()[Symbol.asyncIterator]();
    const error = await failure(iterator.next());
    assert.ok(error instanceof ii.PermissionDeniedError);
    assert.match(error.stack, /recognition\.test\.mjs/);
    assert.equal((await iterator.next()).done, true);
    answer = (_request, _response, wanted) => page(rows(250), wanted);
    const closing = server.client();
    const every = closing.recognition('staff').groups.all({ limit: 1 });
    const further = every[Symbol.asyncIterator]();
    assert.equal((await further.next()).value.id, 'r-0');
    closing.close();
    assert.ok((await failure(further.next())) instanceof ii.ClosedError);
    assert.ok((await failure(every[Symbol.asyncIterator]().next())) instanceof ii.ClosedError);
  });

  it('a picture is fetched from where the API says, without the token', async () => {
    asked.length = 0;
    const bytes = Buffer.from([0xff, 0xd8, 1]);
    answer = (request, response) => {
      if (request.url.startsWith('/stored')) send(response, bytes);
      else send(response, '', 302, { location: '/stored/1?signed' });
    };
    assert.deepEqual([...(await staff.images.picture('f-1'))], [...bytes]);
    assert.deepEqual(
      asked.map(({ call, headers }) => [call, headers.accept === 'image/jpeg', 'authorization' in headers]),
      [
        ['GET /v2/recognition/images/staff/f-1', true, true],
        ['GET /stored/1?signed', false, false],
      ],
    );
  });

  it('each call ends by its signal', async () => {
    asked.length = 0;
    const by = { signal: AbortSignal.abort('no') };
    const { identities, images } = staff;
    for (const call of [
      () => identities.create({}, by),
      () => identities.get('x', by),
      () => identities.update('x', {}, by),
      () => identities.delete('x', by),
      () => images.search({}, by),
      () => images.picture('x', by),
    ]) {
      assert.equal((await failure(call)).reason, 'no');
    }
    assert.equal(asked.length, 0);
  });

  for (const [what, call, message] of [
    ['no namespace', () => client.recognition(), /^namespace: undefined given, a string wanted$/],
    ['an empty namespace', () => client.recognition('').groups.get('x'), /^namespace/],
    ['a long namespace', () => client.recognition('x'.repeat(129)).jobs.search(), /^namespace: 129 characters/],
    ['no id', () => staff.images.get(), /^id: undefined given, an id wanted$/],
    ['no id of a picture', () => staff.images.picture(''), /^id: an empty string given/],
    ['a limit that is NaN', () => staff.jobs.search({ limit: Number.NaN }), /^limit: NaN given, an integer wanted$/],
    ['a limit of half a row', () => staff.jobs.search({ limit: 1.5 }), /^limit: 1\.5 given/],
    ['too many rows', () => staff.jobs.search({ limit: 101 }), /^limit: 101 given, 1 to 100 wanted/],
    ['an order that is none', () => staff.jobs.search({ sortBy: 'UP' }), /^sortBy: "UP" given, one of ASC, DESC/],
    ['one id', () => staff.jobs.search({ ids: '1' }), /^ids: a string given, an array of strings wanted$/],
    ['ids with a hole', () => staff.jobs.search({ ids: Array(1) }), /^ids\[0\]: undefined given/],
    ['a name that is a number', () => staff.jobs.search({ customIds: [7] }), /^customIds\[0\]: 7 given/],
    ['a moment in words', () => staff.jobs.search({ start: 'today' }), /^start: a string given/],
    ['a typing error', () => staff.jobs.search({ feedId: 'x' }), /^search: there is no option "feedId"/],
    ['a typing error of every row', () => staff.jobs.all({ feedId: 'x' }), /^all: there is no option "feedId"/],
    ['a signal in place of options', () => staff.jobs.all({}, AbortSignal.abort()), /^all: an AbortSignal given/],
    ['no pictures of somebody', () => staff.identities.create({ imageIds: [] }), /^imageIds: none given/],
    ['one picture to add', () => staff.identities.update('x', { add: 'f-1' }), /^add: a string given/],
    [
      'pictures both ways',
      () => staff.identities.update('x', { add: ['1'], remove: ['1'] }),
      /^images\.add\[0\]: also in/,
    ],
  ]) {
    it(`${what} is refused before anything is sent`, async () => {
      asked.length = 0;
      const error = await failure(call);
      assert.ok(error instanceof ii.InvalidRequestError, error.stack);
      assert.match(error.message, message);
      assert.equal(asked.length, 0);
    });
  }
});
