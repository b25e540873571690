/** Hashes, as Node has them. */
import type * as Crypto from 'node:crypto';

let crypto: typeof Crypto | undefined;

/** Loaded when something is hashed for the first time: it takes 4 ms, which an engine without a cache does not pay. */
function loaded(): typeof Crypto {
  crypto ??= process.getBuiltinModule('node:crypto');
  return crypto;
}

/** The SHA-256 digest of text or bytes, as 64 hexadecimal digits. */
export function sha256Hex(content: string | Uint8Array): string {
  return loaded().hash('sha256', content, 'hex');
}

/** The SHA-256 digest of bytes, as 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return loaded().hash('sha256', bytes, 'buffer');
}

/** The MD5 digest of text, as 16 bytes. For names only: it keeps nobody from making two texts with one digest. */
export function md5(text: string): Buffer {
  return loaded().hash('md5', text, 'buffer');
}
