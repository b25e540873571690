/** SHA-256, as Node has it. */
import type * as Crypto from 'node:crypto';

let crypto: typeof Crypto | undefined;

/** Loaded when something is hashed for the first time: it takes 4 ms, which an engine without a cache does not pay. */
function loaded(): typeof Crypto {
  crypto ??= process.getBuiltinModule('node:crypto');
  return crypto;
}

/** The digest of text or bytes, as 64 hexadecimal digits. */
export function sha256Hex(content: string | Uint8Array): string {
  return loaded().hash('sha256', content, 'hex');
}

/** The digest of bytes, as 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return loaded().hash('sha256', bytes, 'buffer');
}
