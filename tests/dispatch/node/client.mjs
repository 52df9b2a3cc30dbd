// The official OpenAI SDK as a client of tierce serve. node client.mjs PORT
import OpenAI from "openai";

const baseURL = `http://127.0.0.1:${process.argv[2]}/v1`;
const client = new OpenAI({ baseURL, apiKey: "client-key-1", maxRetries: 0 });
const messages = [{ role: "user", content: "What is 2+2? Ünïcode ✓" }];
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object",
    properties: { city: { type: "string" } }, required: ["city"] } } }];
let passed = 0, failed = 0;

async function test(name, run) {
    try {
        await run();
        passed++;
    } catch (e) {
        failed++;
        console.log(`FAILED ${name}: ${e?.stack ?? e}`);
    }
}
function is(got, want) {
    if (got !== want) throw new Error(`${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`);
}
function has(ok, what) {
    if (!ok) throw new Error(what);
}
async function rejects(promise, kind, status, code) {
    try {
        await promise;
    } catch (e) {
        has(e instanceof kind, `${e.constructor.name}: ${e.message}`);
        if (status !== undefined) is(e.status, status);
        if (code !== undefined) is(e.code, code);
        return e;
    }
    throw new Error("no error");
}

await test("models", async () => {
    const ids = [];
    for await (const m of client.models.list()) ids.push(m.id);
    has(ids.includes("tierce") && ids.includes("ok") && ids.includes("flash"), ids.join());
});
await test("a completion, and its headers", async () => {
    const { data, response } = await client.chat.completions.create({ model: "tierce", messages }).withResponse();
    is(data.choices[0].finish_reason, "stop");
    has(data.choices[0].message.content.startsWith("w0 w1"), data.choices[0].message.content);
    is(data.usage.prompt_tokens, 100);
    is(response.headers.get("x-tierce-tier"), "flash");
    has(Number(response.headers.get("x-tierce-cost-usd")) > 0, "no cost");
});
await test("a stream without usage asked", async () => {
    const stream = await client.chat.completions.create({ model: "tierce", messages, stream: true });
    let text = "", finish = null;
    for await (const chunk of stream) {
        is(chunk.choices.length, 1); // many clients read choices[0] unasked
        text += chunk.choices[0].delta.content ?? "";
        finish = chunk.choices[0].finish_reason ?? finish;
    }
    is(finish, "stop");
    has(text.startsWith("w0 w1") && text.endsWith("w19"), text);
});
await test("a stream with usage asked", async () => {
    const stream = await client.chat.completions.create({ model: "ok", messages, stream: true,
        stream_options: { include_usage: true } });
    let usage = null;
    for await (const chunk of stream) usage = chunk.usage ?? usage;
    is(usage.completion_tokens, 20);
});
await test("the SDK's own stream helper", async () => {
    const runner = client.chat.completions.stream({ model: "tierce", messages });
    const final = await runner.finalChatCompletion();
    has(final.choices[0].message.content.endsWith("w19"), "cut");
});
await test("tools", async () => {
    const r = await client.chat.completions.create({ model: "tool", messages, tools });
    is(r.choices[0].finish_reason, "tool_calls");
    is(r.choices[0].message.tool_calls[0].function.name, "weather");
    has("city" in JSON.parse(r.choices[0].message.tool_calls[0].function.arguments), "no city");
});
await test("tools in a stream", async () => {
    const runner = client.chat.completions.stream({ model: "tool", messages, tools });
    const final = await runner.finalChatCompletion();
    is(final.choices[0].message.tool_calls[0].function.name, "weather");
});
await test("the tool loop: the answer of a tool goes back", async () => {
    const r = await client.chat.completions.create({ model: "tierce", tools, messages: [...messages,
        { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function",
            function: { name: "weather", arguments: "{\"city\":\"Oslo\"}" } }] },
        { role: "tool", tool_call_id: "c1", content: "rain" }] });
    has(r.choices.length === 1, "no choice");
});
await test("no such model", () => rejects(client.chat.completions.create({ model: "tirce", messages }),
    OpenAI.NotFoundError, 404, "model_not_found"));
await test("the client's own fault", () => rejects(client.chat.completions.create({ model: "bad", messages }),
    OpenAI.BadRequestError, 400, "invalid_value"));
await test("rate limited to the end", () => rejects(client.chat.completions.create({ model: "limited", messages }),
    OpenAI.RateLimitError, 429));
await test("a server that fails", () => rejects(client.chat.completions.create({ model: "broken", messages }),
    OpenAI.InternalServerError, 500));
await test("an error in the middle of a stream is an exception", async () => {
    const stream = await client.chat.completions.create({ model: "mid", messages, stream: true });
    let n = 0;
    await rejects((async () => { for await (const c of stream) n += c.choices.length; })(), OpenAI.APIError);
    has(n > 0, "nothing came before the error");
});
await test("a stream that breaks off is an exception", async () => {
    const stream = await client.chat.completions.create({ model: "cut", messages, stream: true });
    await rejects((async () => { for await (const c of stream) void c; })(), OpenAI.APIError);
});
await test("a wrong client key", () => rejects(new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 })
    .chat.completions.create({ model: "tierce", messages }), OpenAI.AuthenticationError, 401));
await test("the SDK does not repeat what is final", async () => {
    const eager = new OpenAI({ baseURL, apiKey: "client-key-1", maxRetries: 3 });
    const from = Date.now();
    await rejects(eager.chat.completions.create({ model: "broken", messages }), OpenAI.InternalServerError, 500);
    has(Date.now() - from < 1500, `${Date.now() - from} ms`);
});
await test("an abort", async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 150);
    await rejects(client.chat.completions.create({ model: "slow", messages }, { signal: stop.signal }), OpenAI.APIUserAbortError);
});
await test("a hundred at once", async () => {
    const all = await Promise.all(Array.from({ length: 100 }, (_, i) =>
        client.chat.completions.create({ model: i % 2 ? "tierce" : "ok", messages })));
    has(all.every(r => r.choices[0].message.content.endsWith("w19")), "a wrong answer");
});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
