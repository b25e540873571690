/** What the addon throws, as the user reads it. */
import { expect, it } from 'vitest';
import { callError } from '../../../src/call/callable.js';
import { TierlinkError } from '../../../src/core/errors.js';

const host = { trappedAt: () => undefined };

it('says once what to do about a function that was removed, whoever told it', () => {
  const reason = 'its module was removed before it was compiled';
  const ofControl = new TierlinkError('FUNCTION_REMOVED', { symbol: 'compiled code', reason });
  const detailsJson = JSON.stringify(ofControl.details);
  const told = Object.assign(new Error(ofControl.message), { code: 'FUNCTION_REMOVED', detailsJson });
  const ofThunk = Object.assign(new Error(reason), { code: 'FUNCTION_REMOVED', detailsJson: '' });
  for (const error of [told, ofThunk, Object.assign(new Error(reason), { code: 'FUNCTION_REMOVED' })]) {
    expect(callError(host, error, 'run')).toMatchObject({
      code: 'FUNCTION_REMOVED',
      details: { symbol: 'run', reason },
    });
  }
});
