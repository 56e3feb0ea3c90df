import { expect, it } from 'vitest';
import { pick } from '../../src/simulator/random.ts';
import { collectAgain, spoilAnswers, throwDice, upset, type Dice } from '../support/chaos-plan.ts';
import { letPausesPass, openScenario, type Scenario } from '../support/scenario.ts';
import { dayMs, smallWorld } from '../support/small-world.ts';
import {
  differences,
  expectEquality,
  expectNothingClaimedFalsely,
  ownValuesOf,
  storedValues,
} from '../support/truth.ts';

/** `npm run test:long` or CHAOS_SEEDS=100 for a long look, CHAOS_SEED=7 for one that failed. */
const byDefault = process.env['npm_lifecycle_event'] === 'test:long' ? 100 : 2;
const first = Number(process.env['CHAOS_SEED'] ?? 1);
const seeds = Array.from(
  { length: process.env['CHAOS_SEED'] === undefined ? Number(process.env['CHAOS_SEEDS'] ?? byDefault) : 1 },
  (_, index) => first + index,
);
const steps = Number(process.env['CHAOS_STEPS'] ?? 7);
const pausesDays = [0.1, 0.5, 1, 3, 6, 12, 38];

const moments: readonly RegExp[] = [
  /sessionMngr/,
  /agents\/backupSessions/,
  /agents\/jobs|backupServers/,
  /GET \/api\/backupSessions\/[^/]+\?/,
  /taskSessions|BackupTaskSession/i,
  /query/,
  /DELETE/,
];

/** Runs a command; now and then kills it at a named moment, or after so many requests. */
async function run(scenario: Scenario, dice: Dice, since: string): Promise<string> {
  const form = dice('form') < 0.3 ? 'reference' : 'auto';
  const environment = { SYNC_LIST: form };
  const command =
    dice('command') < 0.7
      ? ['sync', '--json']
      : ['backfill', ...(dice('since') < 0.5 ? ['--since', since] : [])];
  if (dice('kill') < 0.3) {
    const moment = pick(moments, dice('moment'));
    let left = 1 + Math.floor(dice('requests') * 3);
    await scenario.kill(command, (request) => moment.test(request) && --left === 0, environment);
    return `killed ${command.join(' ')} at ${moment.source}`;
  }
  if (command[0] === 'sync') return `sync ${form}: ${(await scenario.sync(environment)).status}`;
  return `${command.join(' ')}: ${(await scenario.backfill(command.slice(1), environment)).code ?? ''}`;
}

it.each(seeds)(
  'weeks of lies, kills, corrections and late arrivals end in equality: seed %i',
  async (seed) => {
    const dice = throwDice(seed);
    const scenario = await openScenario({ seed, world: smallWorld({ servers: 2, jobs: 1, computers: 2 }) });
    const { em } = scenario;
    const begin = new Date(em.now().getTime() - 40 * dayMs);
    const since = begin.toISOString().slice(0, 10);
    const unsteady = new Set<string>();
    const ever = new Set<string>();
    const note = () => {
      for (const { session } of em.history()) ever.add(session.id);
    };
    const log: string[] = [];
    note();
    try {
      log.push(await run(scenario, dice, since));
      for (let step = 0; step < steps; step += 1) {
        for (let index = 0; index < 3; index += 1) log.push(upset(em, dice, unsteady));
        const days = pick(pausesDays, dice('pause'));
        // A quarter of an hour is when EM collects.
        em.advance(Math.ceil((days * dayMs) / 900_000) * 900_000);
        if (dice('lie') < 0.6) log.push(spoilAnswers(em, dice));
        note();
        log.push(`${days} days`, await run(scenario, dice, since));
        await expectNothingClaimedFalsely(scenario, (id) => unsteady.has(id));
        if (dice('repent') < 0.5) em.repent();
        if (dice('again') < 0.5) collectAgain(em);
      }
      em.repent();
      collectAgain(em);
      note();
      // Second looks at tasks, too, are due: what was read of them while the answers lied is read again.
      await letPausesPass(scenario.database);
      log.push('all is well again');
      const last = await scenario.sync();
      expect(last, last.stderr).toMatchObject({ status: 'succeeded' });
      await scenario.backfill();
      await scenario.backfill(['--since', since, '--again']);
      expect(await scenario.sync()).toMatchObject({ status: 'succeeded', holes: 0 });
      await expectEquality(scenario, { since: begin });
      await expectNothingForgotten(scenario, ever);
      expect((await scenario.coverage()).filter((row) => !row.isCovered)).toEqual([]);
    } catch (error) {
      throw new Error(`Seed ${seed}: CHAOS_SEED=${seed} shows it again.\n${log.join('\n')}`, {
        cause: error,
      });
    }
  },
  600_000,
);

/** What EM ever showed in an answer that went out whole is stored, with values that it showed last or later. */
async function expectNothingForgotten(scenario: Scenario, ever: ReadonlySet<string>): Promise<void> {
  const stored = await storedValues(scenario);
  const current = new Set(scenario.em.history().map(({ session }) => session.id));
  const wrong = [...scenario.em.witness.seen()].flatMap(([id, { values, isSure }]) => {
    if (!isSure || current.has(id)) return [];
    const found = values.map((shown) => differences([ownValuesOf(shown)], stored));
    return found.some((each) => each.length === 0) ? [] : [{ id, found: found.at(-1) }];
  });
  expect(wrong.slice(0, 3), 'shown and not stored so').toEqual([]);
  expect(
    [...stored.keys()].filter((id) => !ever.has(id)),
    'never shown',
  ).toEqual([]);
}
