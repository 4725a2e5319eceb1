// Node's own http on both sides of ringway: its server as a backend, its client and fetch before it.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const { once } = require('node:events');
const { pipeline } = require('node:stream/promises');
const { Readable } = require('node:stream');
const { holdAll } = require('./rig.js');

// What the server does with a request, by the first part of its path.
const answers = {
    echo: (request, response) => pipeline(request, response).catch(() => {}),
    fields: (request, response) => response.end(JSON.stringify(request.rawHeaders)),
    status: (request, response) => response.writeHead(Number(request.url.split('/')[2])).end(),
    cookies: (request, response) => {
        response.writeHead(200, [['Set-Cookie', 'a=1; Path=/'], ['X-CaSe', 'kept'], ['Set-Cookie', 'b=2'], ['x-last', 'z']].flat());
        response.end();
    },
    hints: (request, response) => {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('hinted'));
    },
    hang: (request, response) => {
        response.on('close', () => request.socket.server.emit('left', response.writableFinished));
        request.socket.server.emit('hanging');
    },
    early: (request, response) => response.writeHead(413, { Connection: 'close' }).end('too large'),
    die: (request, response) => {
        response.writeHead(200, { 'Content-Length': 1000 });
        response.write('some of it', () => response.socket.destroy());
    },
    parts: async (request, response) => {
        for (let i = 0; i < 100; i++) {
            response.write(`part ${i};`);
            await new Promise(setImmediate);
        }
        response.end();
    },
};

async function startBackend() {
    const server = http.createServer((request, response) => answers[request.url.split('/')[1]](request, response));
    server.on('checkContinue', (request, response) => {
        if (request.url === '/status/417') return response.writeHead(417).end();
        response.writeContinue();
        return answers.echo(request, response);
    });
    server.on('clientError', (error, socket) => { server.broken = error; socket.destroy(); });
    server.keepAliveTimeout = 1000;  // Node adds a second to it of its own, and says so in Keep-Alive.
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
}

async function ask(options, body) {
    const request = http.request(options);
    request.end(body);
    const [response] = await once(request, 'response');
    return { response, body: await read(response) };
}

async function read(response) {
    const parts = [];
    for await (const part of response) parts.push(part);
    return Buffer.concat(parts);
}

const claims = {
    async 'a keep-alive agent of Node posts and gets'(port) {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
        await Promise.all(Array.from({ length: 200 }, async (_, i) => {
            const { response, body } = await ask({ port, agent, method: 'POST', path: '/echo' }, `body ${i}`);
            assert.deepStrictEqual([response.statusCode, body.toString()], [200, `body ${i}`]);
        }));
        agent.destroy();
    },
    async 'a body in chunks comes back while it is sent'(port) {
        const request = http.request({ port, method: 'POST', path: '/echo' });
        request.flushHeaders();
        request.write('first');
        const [response] = await once(request, 'response');
        for (let i = 0; i < 20; i++) {
            const [part] = await once(response, 'data');
            assert.strictEqual(part.toString(), i === 0 ? 'first' : `part ${i - 1}`);
            request.write(`part ${i}`);
        }
        request.end();
        await read(response);
    },
    async 'twenty megabytes come back as they went'(port) {
        const sent = crypto.randomBytes(20e6);
        for (const headers of [{ 'Content-Length': sent.length }, { 'Transfer-Encoding': 'chunked' }]) {
            const { body } = await ask({ port, method: 'PUT', path: '/echo', headers }, sent);
            assert.ok(body.equals(sent));
        }
    },
    async 'a client that expects 100 is told by the backend'(port) {
        const request = http.request({ port, method: 'POST', path: '/echo', headers: { Expect: '100-continue', 'Content-Length': 4 } });
        request.flushHeaders();
        await once(request, 'continue');
        request.end('body');
        const [response] = await once(request, 'response');
        assert.strictEqual((await read(response)).toString(), 'body');
    },
    async 'a client that expects 100 is refused by the backend'(port) {
        const request = http.request({ port, method: 'POST', path: '/status/417', headers: { Expect: '100-continue', 'Content-Length': 4 } });
        request.on('continue', () => request.end('body'));
        request.on('error', () => {});
        request.flushHeaders();
        const [response] = await once(request, 'response');
        assert.strictEqual(response.statusCode, 417);
        request.destroy();
    },
    async 'early hints pass'(port) {
        const request = http.get({ port, path: '/hints' });
        const [[hints], [response]] = await Promise.all([once(request, 'information'), once(request, 'response')]);
        assert.deepStrictEqual([hints.statusCode, hints.headers.link], [103, '</style.css>; rel=preload']);
        assert.strictEqual((await read(response)).toString(), 'hinted');
    },
    async 'HEAD, 204 and 304 have no body'(port) {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
        for (const [method, path] of [['HEAD', '/parts'], ['GET', '/status/204'], ['GET', '/status/304'], ['GET', '/status/200']]) {
            const { response, body } = await ask({ port, agent, method, path });
            assert.strictEqual(body.length, 0);
            assert.strictEqual(response.statusCode, Number(path.split('/')[2] ?? 200));
        }
        agent.destroy();
    },
    async 'fields of an answer keep their order and case'(port) {
        const { response } = await ask({ port, path: '/cookies' });
        const ours = response.rawHeaders.slice(0, 8);
        assert.deepStrictEqual(ours, ['Set-Cookie', 'a=1; Path=/', 'X-CaSe', 'kept', 'Set-Cookie', 'b=2', 'x-last', 'z']);
    },
    async 'fields of a request keep their order and case'(port) {
        const { body } = await ask({ port, path: '/fields', headers: { 'X-OnE': '1', accept: 'a/b', 'X-two': '2' } });
        const names = JSON.parse(body).filter((_, i) => i % 2 === 0);
        assert.deepStrictEqual(names.filter((name) => /^(x-one|accept|x-two)$/i.test(name)), ['X-OnE', 'accept', 'X-two']);
    },
    async 'a client that leaves is seen to leave by the backend'(port, backend) {
        const request = http.get({ port, path: '/hang' });
        request.on('error', () => {});
        await once(backend, 'hanging');
        const left = once(backend, 'left');
        request.destroy();
        assert.deepStrictEqual(await left, [false]);
    },
    async 'a backend that dies within its answer is seen to have died'(port) {
        const request = http.get({ port, path: '/die' });
        const [response] = await once(request, 'response');
        await assert.rejects(read(response), { code: 'ECONNRESET' });
    },
    async 'an answer that comes before the body is read'(port) {
        const { response, body } = await ask({ port, method: 'POST', path: '/early' }, Buffer.alloc(5e6));
        assert.deepStrictEqual([response.statusCode, body.toString()], [413, 'too large']);
    },
    async 'fetch gets, posts and streams'(port) {
        const url = `http://127.0.0.1:${port}`;
        const parts = await (await fetch(`${url}/parts`)).text();
        assert.strictEqual(parts, Array.from({ length: 100 }, (_, i) => `part ${i};`).join(''));
        assert.strictEqual(await (await fetch(`${url}/echo`, { method: 'POST', body: 'plain' })).text(), 'plain');
        const body = Readable.toWeb(Readable.from(['one ', 'two ', 'three']));
        assert.strictEqual(await (await fetch(`${url}/echo`, { method: 'POST', body, duplex: 'half' })).text(), 'one two three');
        await assert.rejects((await fetch(`${url}/die`)).text());
    },
    async 'connections that Node gives up after a second cost no request'(port) {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
        for (const pause of [900, 990, 1000, 1010, 1100, 1900, 2000]) {
            await Promise.all(Array.from({ length: 8 }, (_, i) => ask({ port, agent, method: 'POST', path: '/echo' }, `${i}`)
                .then(({ response }) => assert.strictEqual(response.statusCode, 200))));
            await new Promise((resume) => { setTimeout(resume, pause); });
        }
        agent.destroy();
    },
    async 'no request was one that Node could not read'(port, backend) {
        assert.strictEqual(backend.broken, undefined);
    },
};

startBackend().then((backend) => holdAll(claims, backend));
