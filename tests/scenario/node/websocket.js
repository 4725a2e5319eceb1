// A WebSocket server and a client from the npm package ws, with ringway between them, and Node's own http on
// both sides. `node websocket.js RINGWAY_PROGRAM DIRECTORY` prints a line per claim and ends with 1 when one fails.
'use strict';
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');

const [program, directory] = process.argv.slice(2);

// Echoes messages; /events streams one event for each it is told to send.
async function startBackend() {
    const server = http.createServer((request, response) => {
        if (request.url === '/events') {
            response.writeHead(200, { 'Content-Type': 'text/event-stream' });
            server.sendEvent = (text) => (text === null ? response.end() : response.write(`data: ${text}\n\n`));
            response.flushHeaders();
            server.emit('streaming');
            return;
        }
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', () => response.end(Buffer.concat(parts)));
    });
    const sockets = new WebSocketServer({ server, perMessageDeflate: true });
    sockets.on('connection', (socket) => {
        socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
}

async function freePort() {
    const probe = net.createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address();
    probe.close();
    await once(probe, 'close');
    return port;
}

async function startRingway(backendPort) {
    const port = await freePort();
    const file = path.join(directory, 'websocket.toml');
    fs.writeFileSync(file, `[shards]\ncount = 1\npin = false\n[[listen]]\naddress = "127.0.0.1:${port}"\n`
        + `[[group]]\nname = "node"\nbackends = ["127.0.0.1:${backendPort}"]\n[shutdown]\ntimeout = "1s"\n`);
    const child = spawn(program, ['run', '-c', file], { stdio: 'ignore' });
    for (;;) {
        const socket = net.connect(port, '127.0.0.1');
        const up = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)])
            .catch(() => false);
        socket.destroy();
        if (up) return { port, child };
        assert.strictEqual(child.exitCode, null, 'ringway ended');
        await new Promise(setImmediate);
    }
}

const claims = {
    async 'messages of every size come back whole and in order'(port) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
        await once(socket, 'open');
        for (const size of [0, 1, 125, 126, 65535, 65536, 3000000]) {
            const sent = crypto.randomBytes(size);
            socket.send(sent);
            const [got] = await once(socket, 'message');
            assert.ok(got.equals(sent), `${size} bytes`);
        }
        socket.close(1000, 'enough');
        const [code, reason] = await once(socket, 'close');
        assert.deepStrictEqual([code, reason.toString()], [1000, 'enough']);
    },
    async 'pings are answered by the other end'(port) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
        await once(socket, 'open');
        socket.ping('are you there');
        const [payload] = await once(socket, 'pong');
        assert.strictEqual(payload.toString(), 'are you there');
        socket.terminate();
    },
    async 'a hundred sockets at once do not mix'(port) {
        await Promise.all(Array.from({ length: 100 }, async (_, i) => {
            const socket = new WebSocket(`ws://127.0.0.1:${port}/${i}`);
            await once(socket, 'open');
            for (let j = 0; j < 20; j++) {
                socket.send(`${i} ${j}`);
                const [got] = await once(socket, 'message');
                assert.strictEqual(got.toString(), `${i} ${j}`);
            }
            socket.close();
            await once(socket, 'close');
        }));
    },
    async 'each event of a stream arrives before the next is sent'(port, backend) {
        const request = http.get({ port, path: '/events' });
        const [[response]] = await Promise.all([once(request, 'response'), once(backend, 'streaming')]);
        for (let i = 0; i < 50; i++) {
            backend.sendEvent(`event ${i}`);
            const [bytes] = await once(response, 'data');
            assert.strictEqual(bytes.toString(), `data: event ${i}\n\n`);
        }
        backend.sendEvent(null);
        response.resume();
        await once(response, 'end');
    },
    async 'a keep-alive agent of Node posts and gets'(port) {
        const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
        await Promise.all(Array.from({ length: 200 }, async (_, i) => {
            const request = http.request({ port, agent, method: 'POST', path: '/echo' });
            request.end(`body ${i}`);
            const [response] = await once(request, 'response');
            const parts = [];
            for await (const part of response) parts.push(part);
            assert.strictEqual(response.statusCode, 200);
            assert.strictEqual(Buffer.concat(parts).toString(), `body ${i}`);
        }));
        agent.destroy();
    },
};

(async () => {
    const backend = await startBackend();
    const { port, child } = await startRingway(backend.address().port);
    let failed = 0;
    for (const [claim, hold] of Object.entries(claims)) {
        try {
            await hold(port, backend);
            console.log(`passed: ${claim}`);
        } catch (error) {
            failed++;
            console.log(`failed: ${claim}: ${error.stack}`);
        }
    }
    child.kill('SIGTERM');
    await once(child, 'exit');
    process.exit(failed === 0 ? 0 : 1);
})();
