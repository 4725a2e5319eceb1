// A WebSocket server and a client from the npm package ws, with ringway between them, and events that are streamed.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { holdAll } = require('./rig.js');

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
};

startBackend().then((backend) => holdAll(claims, backend));
