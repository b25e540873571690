import { describe, expect, it } from 'vitest';
import { checkCallable, parseSignature, showSignature } from '../../../src/call/signature.js';

describe('signatures', () => {
  it.each([
    ['i32 (ptr, double)', '4pd'],
    ['void ()', 'v'],
    ['int(int, long)', '448'],
    ['double (float)', 'df'],
    ['void(void)', 'v'],
  ])('reads %s', (text, letters) => {
    expect(parseSignature('f', text)).toBe(letters);
  });

  it.each(['i32', 'i32 (struct)', 'i32 (void, i32)', '(i32)', 'i128 ()'])('refuses %s by name', (text) => {
    expect(() => parseSignature('f', text)).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_UNSUPPORTED' }),
    );
  });

  it.each([
    ['4x', 'parameter 1'],
    ['x4', 'result'],
    ['44.', 'variable number'],
    ['', 'object file'],
  ])('refuses to bind %s and says why', (letters, why) => {
    expect(() => {
      checkCallable('f', letters, 'type');
    }).toThrow(why);
  });

  it('shows letters as LLVM spells them', () => {
    expect(showSignature('4pdB')).toBe('i32 (ptr, double, i1)');
  });
});
