/** A chat request in the OpenAI shape; keys that do not bear on routing are ignored. */
export interface ChatRequest {
  messages?: Message[];
  /** Instead of messages: one user message. */
  prompt?: string;
  tools?: Tool[] | null;
  tool_choice?: unknown;
  response_format?: unknown;
  [key: string]: unknown;
}
export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
  content?: string | null | Array<string | { type?: string; text?: string; [key: string]: unknown }>;
  tool_calls?: Array<{ id?: string; function?: { name?: string; arguments?: unknown } }> | null;
  tool_call_id?: string | null;
  name?: string | null;
  [key: string]: unknown;
}
export interface Tool {
  type?: string;
  function?: { name?: string; description?: string | null; parameters?: unknown };
  name?: string;
  description?: string | null;
  parameters?: unknown;
  input_schema?: unknown;
}

/** What is left out is as the operating point says, else: cost no matter, every tier allowed. */
export interface Policy {
  /** A named operating point of the model. */
  point?: string;
  /** What a success is worth, USD; tiers are ranked by valueUsd * probability - cost. */
  valueUsd?: number;
  /** Tiers below it are passed over, 0..1. */
  minProbability?: number;
  /** Tiers above it are passed over, USD. */
  maxCostUsd?: number;
  /** Tiers that may be chosen. */
  allow?: readonly string[];
  /** Chosen when nothing else passes. */
  defaultTier?: string;
}

export interface Estimate {
  /** Of success, 0..1. */
  probability: number;
  /** Expected price of the request; null where the model does not know. */
  costUsd: number | null;
  /** Why the tier is not in the order; null where it is. */
  dropped: null | 'context' | 'tools' | 'price' | 'floor' | 'policy';
}

export interface Decision {
  tier: string;
  /** The model id to ask the endpoint for. */
  model: string;
  reason: string;
  reasonText: string;
  /** By how much the first beats the second: USD, or probability where valueUsd is 0. */
  margin: number;
  /** Chosen tier first, then the runners-up. */
  order: string[];
  estimates: Record<string, Estimate>;
  /** How much the request resembles the training records, 0..1. */
  familiarity: number;
  /** Longer than the model's caps: head and tail were read. */
  truncated: boolean;
  /** Features of the request. */
  entries: number;
}

export class TierceError extends Error {
  /** "CHECKSUM", "VERSION", "ARGUMENT", ... */
  status: string;
}

export class Router {
  /** For runtimes that bring their own module; otherwise use load(). Throws TierceError. */
  constructor(module: WebAssembly.Module, model: ArrayBuffer | ArrayBufferView);
  readonly tiers: readonly string[];
  readonly models: readonly string[];
  readonly points: readonly string[];
  readonly reasons: readonly string[];
  readonly reasonTexts: readonly string[];
  readonly memoryBytes: number;
  /** Decides about a chat request, or a prompt. */
  route(request: ChatRequest | string, policy?: Policy): Decision;
  /** Decides about a request that is JSON text. */
  routeJson(text: string, policy?: Policy): Decision;
  /** Releases the model. */
  close(): void;
}

/** Opens a model: the bytes of a .tierce file. */
export function load(model: ArrayBuffer | ArrayBufferView): Promise<Router>;
/** The same at once; not in browsers. */
export function loadSync(model: ArrayBuffer | ArrayBufferView): Router;
