/** The worker that trains: commands come in, reports go out. */
import * as prefloss from 'prefloss';
import * as testing from 'prefloss/testing';
import type { PairLoss } from '../../train-tiny-gpt/objectives.js';
import { compileVariant } from '../own/compile.js';
import { startBackend } from './backend.js';
import type { Command, Report } from './protocol.js';
import { Session } from './session.js';

const report = (message: Report): void => {
  postMessage(message);
};

/** Compiles a variant of the user as a loss of pairs; its errors have the line of the source. */
async function compile(source: string): Promise<PairLoss> {
  const { loss, kind, messageOf } = await compileVariant(source, { prefloss, 'prefloss/core': prefloss, 'prefloss/testing': testing });
  return (logps) => {
    try {
      return loss(kind === 'pairs' ? logps : logps.policy);
    } catch (error) {
      throw new Error(messageOf(error), { cause: error });
    }
  };
}

const session = new Session({ startBackend, compile, report });

addEventListener('message', ({ data }: MessageEvent<Command>) => {
  session.handle(data).catch((error: unknown) => {
    report({ type: 'failed', message: (error as Error).message, isLost: false });
  });
});
