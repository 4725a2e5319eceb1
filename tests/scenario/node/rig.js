// What the programs here have in common: a ringway before a server of Node's, and claims that are held one by one.
// Each is called `node FILE RINGWAY_PROGRAM DIRECTORY`, prints a line per claim and ends with 1 when one fails.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { once } = require('node:events');

const [program, directory] = process.argv.slice(2);

// Below those that the kernel gives to connections, one of which might take it before ringway does.
async function freePort() {
    for (;;) {
        const port = crypto.randomInt(10000, 30000);
        const probe = net.createServer().listen(port, '127.0.0.1');
        try {
            await once(probe, 'listening');
        } catch {
            continue;  // Taken.
        }
        probe.close();
        await once(probe, 'close');
        return port;
    }
}

async function startRingway(backendPort) {
    const port = await freePort();
    const file = path.join(directory, 'ringway.toml');
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

// A claim is a function of ringway's port and the server; a claim that does not end fails.
async function holdAll(claims, backend) {
    const { port, child } = await startRingway(backend.address().port);
    let failed = 0;
    for (const [claim, hold] of Object.entries(claims)) {
        let timer;
        const late = new Promise((_, reject) => { timer = setTimeout(reject, 30000, new Error('not within 30 s')); });
        try {
            await Promise.race([hold(port, backend), late]);
            console.log(`passed: ${claim}`);
        } catch (error) {
            failed++;
            console.log(`failed: ${claim}: ${error.stack}`);
        }
        clearTimeout(timer);
    }
    child.kill('SIGTERM');
    await once(child, 'exit');
    process.exit(failed === 0 ? 0 : 1);
}

module.exports = { holdAll };
