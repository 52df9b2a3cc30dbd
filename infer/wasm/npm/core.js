/* The loader: a WebAssembly.Module and a model's bytes become a Router. No dependency, no global state;
 * the same file in Node, browsers and Workers. index.*.js beside it say where the module comes from. */

const ROLES = { user: 0, system: 1, developer: 1, assistant: 2, tool: 3, function: 3 };
const TEXT = 0, CALL = 1, RESULT = 2, MEDIA = 3;
const DROPPED = [null, 'context', 'tools', 'price', 'floor', 'policy'];
const PART_BYTES = 28, TOOL_BYTES = 24;
const CHOSEN = 0, N_ORDER = 1, REASON = 2, MARGIN = 3, FAMILIARITY = 4, TRUNCATED = 5, ENTRIES = 6, ORDER = 7;

export class TierceError extends Error {
  constructor(status, message) {
    super(message);
    this.name = 'TierceError';
    this.status = status;
  }
}

const bad = (message) => new TierceError('ARGUMENT', message);

/* ---- a chat request as the parts of features/request.h, in the order in which the native reader
 * (data/request_json.c) finds them; strings are collected, their bytes come last ---- */

class Parts {
  constructor() {
    this.part = []; // kind, role, message, text, name
    this.tool = []; // name, description, parameters
    this.choice = 0;
    this.format = 0;
    this.messages = 0;
    this.chars = 0;
  }

  add(kind, role, text, name) {
    this.part.push({ kind, role, message: this.messages, text, name, id: '' });
    this.chars += text.length + name.length;
    return this.part[this.part.length - 1];
  }

  content(content) {
    if (content === null || content === undefined) return;
    if (typeof content === 'string') {
      this.add(TEXT, 0, content, '');
      return;
    }
    if (!Array.isArray(content)) throw bad('"content" must be a string, a list of parts or null');
    for (const item of content) {
      if (typeof item === 'string') {
        this.add(TEXT, 0, item, '');
        continue;
      }
      let text = null, type = '';
      for (const key in item) {
        if (key === 'type') type = String(item.type);
        else if ((key === 'text' || key === 'refusal') && typeof item[key] === 'string') text = item[key];
      }
      if (text !== null) this.add(TEXT, 0, text, '');
      else this.add(MEDIA, 0, '', type);
    }
  }

  call(fn, id) {
    let name = '', text = '';
    if (fn) {
      if (typeof fn.name === 'string') name = fn.name;
      if (typeof fn.arguments === 'string') text = fn.arguments;
      else if (fn.arguments !== undefined) text = JSON.stringify(fn.arguments);
    }
    this.add(CALL, ROLES.assistant, text, name).id = id || '';
  }

  message(message) {
    const from = this.part.length;
    if (!message || typeof message !== 'object') throw bad('"messages" must be a list of {"role", "content"}');
    const role = ROLES[message.role];
    if (role === undefined)
      throw bad(message.role === undefined ? 'a message without "role"'
        : 'unknown role; use system, developer, user, assistant or tool');
    for (const key in message) { // in the order in which they stand, as the native reader does
      if (key === 'content') this.content(message.content);
      else if (key === 'tool_calls' && message.tool_calls)
        for (const call of message.tool_calls) this.call(call.function, call.id);
      else if (key === 'function_call' && message.function_call) this.call(message.function_call, '');
    }
    let name = typeof message.name === 'string' ? message.name : '';
    if (role === ROLES.tool && !name && message.tool_call_id) name = this.called(message.tool_call_id);
    for (let i = from; i < this.part.length; i++) {
      const part = this.part[i];
      if (part.kind === CALL) continue;
      part.role = role;
      if (role !== ROLES.tool) continue;
      if (part.kind === TEXT) part.kind = RESULT;
      if (part.kind === RESULT) {
        part.name = name;
        this.chars += name.length;
      }
    }
    this.messages++;
  }

  called(id) {
    for (let i = this.part.length; i-- > 0;)
      if (this.part[i].kind === CALL && this.part[i].id === id) return this.part[i].name;
    return '';
  }

  offer(tool) {
    const fn = tool && tool.function && typeof tool.function === 'object' ? tool.function : tool || {};
    const schema = fn.parameters !== undefined ? fn.parameters : fn.input_schema;
    const parameters = schema === undefined ? '' : JSON.stringify(schema);
    const entry = { name: fn.name || '', description: fn.description || '', parameters };
    this.tool.push(entry);
    this.chars += entry.name.length + entry.description.length + parameters.length;
  }

  read(request) {
    if (typeof request === 'string') {
      this.add(TEXT, 0, request, '');
      return;
    }
    if (!request || typeof request !== 'object') throw bad('a request is a string or an object with "messages" or "prompt"');
    const hasPrompt = request.prompt !== undefined, hasMessages = request.messages !== undefined;
    if (hasPrompt && hasMessages) throw bad('more than one of "messages" and "prompt"; keep one');
    if (!hasPrompt && !hasMessages) throw bad('no request: give "messages" or "prompt"');
    if (hasPrompt && typeof request.prompt !== 'string') throw bad('"prompt" must be a string');
    if (hasPrompt) this.add(TEXT, 0, request.prompt, '');
    else if (!Array.isArray(request.messages)) throw bad('"messages" must be a list of {"role", "content"}');
    else for (const message of request.messages) this.message(message);
    for (const tool of request.tools || request.functions || []) this.offer(tool);
    if (hasMessages && !this.messages && !this.tool.length) throw bad('"messages" is empty; give at least one message');
    const choice = request.tool_choice, format = request.response_format;
    if (choice !== null && choice !== undefined)
      this.choice = typeof choice === 'string' ? { auto: 1, none: 2, required: 3 }[choice] || 4
        : typeof choice === 'object' && !Array.isArray(choice) ? 4 : 0;
    if (format && typeof format === 'object') this.format = { json_object: 2, json_schema: 3 }[format.type] || 1;
  }
}

/* ---- the router ---- */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Router {
  #x; #s; #bytes; #u32; #f64; #n; #policy;

  /** module: a compiled tierce.wasm; model: the bytes of a .tierce file. Throws TierceError. */
  constructor(module, model) {
    this.#x = new WebAssembly.Instance(module, {}).exports;
    this.#x._initialize();
    this.#s = this.#x.tw_new();
    const bytes = model instanceof ArrayBuffer ? new Uint8Array(model)
      : ArrayBuffer.isView(model) ? new Uint8Array(model.buffer, model.byteOffset, model.byteLength) : null;
    if (!bytes) throw bad('the model must be an ArrayBuffer or a view of one');
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    this.#check(this.#x.tw_open(this.#s, bytes.length));
    const names = (kind) => {
      const list = [];
      for (let i = 0, p; (p = this.#x.tw_name(this.#s, kind, i)); i++) list.push(this.#string(p));
      return Object.freeze(list);
    };
    this.tiers = names(0);
    this.models = names(1);
    this.points = names(2);
    this.reasons = names(3);
    this.reasonTexts = names(4);
    this.#n = this.tiers.length;
  }

  /** Bytes of the instance's memory. */
  get memoryBytes() { return this.#x.memory.buffer.byteLength; }

  /** The decision about a chat request ({messages, tools, ...} or a prompt string). */
  route(request, policy) {
    const parts = new Parts();
    parts.read(request);
    this.#setPolicy(policy);
    this.#write(parts);
    this.#check(this.#x.tw_decide(this.#s, parts.part.length, parts.tool.length, parts.choice, parts.format));
    return this.#decision();
  }

  /** The same about a request that is JSON text: parsed inside, as the native programs parse it. */
  routeJson(text, policy) {
    this.#setPolicy(policy);
    const at = this.#room(3 * text.length);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(at));
    this.#check(this.#x.tw_decide_json(this.#s, written));
    return this.#decision();
  }

  /** Releases the model. The router must not be used afterwards. */
  close() {
    if (this.#s) this.#x.tw_free(this.#s);
    this.#s = 0;
  }

  #room(n) {
    if (!this.#s && n !== undefined) throw bad('the router is closed');
    const at = this.#x.tw_input(this.#s, n);
    if (!at) throw new TierceError('NOMEM', 'out of memory');
    this.#views();
    return at;
  }

  #views() { // the memory may have grown: then the old views are empty
    const buffer = this.#x.memory.buffer;
    if (this.#bytes && this.#bytes.buffer === buffer) return;
    this.#bytes = new Uint8Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#f64 = new Float64Array(buffer);
  }

  #string(p) {
    this.#views();
    return decoder.decode(this.#bytes.subarray(p, this.#bytes.indexOf(0, p)));
  }

  #check(status) {
    this.#views();
    if (status) throw new TierceError(this.#string(this.#x.tw_status(status)), this.#string(this.#x.tw_message(this.#s)));
  }

  #write(parts) {
    const { part, tool } = parts;
    const heads = part.length * PART_BYTES + tool.length * TOOL_BYTES;
    const start = this.#room(heads + 3 * parts.chars + 1);
    const u32 = this.#u32;
    let word = start >> 2, at = start + heads;
    const span = (text) => {
      let n = 0;
      if (text) n = encoder.encodeInto(text, this.#bytes.subarray(at, at + 3 * text.length)).written;
      u32[word++] = at;
      u32[word++] = n;
      at += n;
    };
    for (const p of part) {
      u32[word++] = p.kind;
      u32[word++] = p.role;
      u32[word++] = p.message;
      span(p.text);
      span(p.name);
    }
    for (const t of tool) {
      span(t.name);
      span(t.description);
      span(t.parameters);
    }
  }

  #index(list, name, what) {
    const i = list.indexOf(name);
    if (i < 0) throw bad(`the model has no ${what} "${name}"; it has ${list.map((s) => `"${s}"`).join(', ') || 'none'}`);
    return i;
  }

  #setPolicy(policy = {}) {
    if (policy === this.#policy && Object.isFrozen(policy)) return; // set already
    for (const key in policy)
      if (!['point', 'valueUsd', 'minProbability', 'maxCostUsd', 'allow', 'defaultTier'].includes(key))
        throw bad(`policy: unknown key "${key}"`);
    const number = (key) => {
      const v = policy[key];
      if (v === undefined) return -1;
      if (typeof v !== 'number' || !(v >= 0) || v === Infinity) throw bad(`policy: ${key} must be a number of at least 0`);
      return v;
    };
    let low = 0, high = 0;
    for (const name of policy.allow || []) {
      const i = this.#index(this.tiers, name, 'tier');
      if (i < 32) low |= 1 << i;
      else high |= 1 << (i - 32);
    }
    if (policy.allow && !policy.allow.length) throw bad('policy: no tier of the model is allowed');
    const point = policy.point === undefined ? -1 : this.#index(this.points, policy.point, 'operating point');
    const fallback = policy.defaultTier === undefined ? -1 : this.#index(this.tiers, policy.defaultTier, 'tier');
    this.#check(this.#x.tw_policy(this.#s, point, number('valueUsd'), number('minProbability'), number('maxCostUsd'),
      low, high, fallback));
    this.#policy = policy;
  }

  #decision() {
    const n = this.#n, r = this.#x.tw_result(this.#s) >> 3, f64 = this.#f64;
    const order = [], estimates = {};
    for (let i = 0; i < f64[r + N_ORDER]; i++) order.push(this.tiers[f64[r + ORDER + i]]);
    for (let t = 0; t < n; t++) {
      const at = r + ORDER + n + t, cost = f64[at + n];
      estimates[this.tiers[t]] = {
        probability: f64[at], costUsd: cost < 0 ? null : cost, dropped: DROPPED[f64[at + 2 * n]],
      };
    }
    const chosen = f64[r + CHOSEN], reason = f64[r + REASON];
    return {
      tier: this.tiers[chosen], model: this.models[chosen],
      reason: this.reasons[reason], reasonText: this.reasonTexts[reason],
      margin: f64[r + MARGIN], order, estimates,
      familiarity: f64[r + FAMILIARITY], truncated: f64[r + TRUNCATED] !== 0, entries: f64[r + ENTRIES],
    };
  }
}
