// What all servers here say: server.mjs PORT [CERTIFICATE KEY].
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';

const [port, certificate, key] = process.argv.slice(2);

const send = (response, status, body, type = 'application/json') => {
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
};

const answer = (request, response) => {
    const item = /^\/items\/(\d+)$/.exec(request.url);
    if (request.method === 'POST' && request.url === '/echo') {
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', () => send(response, 200, Buffer.concat(parts), 'text/plain'));
    } else if (request.url === '/large') {
        send(response, 200, JSON.stringify({ text: 'x'.repeat(300_000) }));
    } else if (item) {
        send(response, 200, JSON.stringify({ id: Number(item[1]), name: `item ${item[1]}` }));
    } else {
        send(response, 404, '{"error":"no such thing"}');
    }
};

const server = key
    ? createSecureServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer)
    : createServer(answer);
server.listen(Number(port), '127.0.0.1');
