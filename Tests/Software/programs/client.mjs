// What all clients here ask: client.mjs PORT [CERTIFICATE]; fetch trusts what NODE_EXTRA_CA_CERTS has.
const base = `${process.argv[3] ? 'https' : 'http'}://127.0.0.1:${process.argv[2]}`;
const ask = async (path, wanted, options) => {
    const response = await fetch(base + path, options);
    const body = await response.text();
    if (response.status !== wanted) throw new Error(`${path}: ${response.status}`);
    return body;
};

for (let number = 1; number <= 20; number++) await ask(`/items/${number}`, 200);
const text = 'y'.repeat(200_000);
if (await ask('/echo', 200, { method: 'POST', body: text }) !== text) throw new Error('another echo');
if (JSON.parse(await ask('/large', 200)).text.length !== 300_000) throw new Error('another length');
await ask('/missing', 404);
await Promise.all(Array.from({ length: 10 }, (_, number) => ask(`/items/${number}`, 200)));
