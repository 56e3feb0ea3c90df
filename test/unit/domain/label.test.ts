import { describe, expect, it } from 'vitest';
import { findLabelFault, normalizeLabel, placeOf, type Label } from '../../../src/domain/label.ts';

const label = (more: Partial<Label>): Label => ({
  source: 'hq',
  server: '',
  job: '',
  computer: '',
  name: 'customer',
  value: 'Acme',
  ...more,
});
const noName = 'is no name of a label: small letters, digits and _, beginning with a letter';
const noHours = 'is no number of hours from above 0 to 87600, such as 26';
const noMoment = 'is no day or time such as 2026-12-24 or 2026-12-24T08:00:00Z';

it('is on the innermost thing it names', () => {
  expect(placeOf(label({}))).toBe('source');
  expect(placeOf(label({ source: '' }))).toBe('source');
  expect(placeOf(label({ server: 'vbr' }))).toBe('server');
  expect(placeOf(label({ server: 'vbr', job: 'Daily' }))).toBe('job');
  expect(placeOf(label({ job: 'Daily', computer: 'PC' }))).toBe('computer');
});

describe('a label', () => {
  it.each<Partial<Label>>([
    {},
    { name: 'a' },
    { name: `a${'b'.repeat(62)}`, value: 'ß' },
    { name: 'cost_center_2', value: '47' },
    { computer: 'x'.repeat(500) },
    { value: 'x'.repeat(1_000) },
    { name: 'max_age_hours', value: '26' },
    { name: 'max_age_hours', value: '0.5' },
    { name: 'max_age_hours', value: '87600' },
    { name: 'max_age_hours', value: '100.123456' },
    { name: 'muted_until', value: '2026-12-24' },
    { name: 'muted_until', value: '2026-12-24T08:00:00Z' },
    { name: 'time_zone', value: 'Europe/Berlin' },
  ])('may be %j', (more) => {
    expect(findLabelFault(label(more))).toBeUndefined();
  });

  it.each<[Partial<Label>, string]>([
    [{ name: '' }, noName],
    [{ name: 'Customer' }, noName],
    [{ name: '1st' }, noName],
    [{ name: 'a-b' }, noName],
    [{ name: `a${'b'.repeat(63)}` }, noName],
    [{ computer: 'x'.repeat(501) }, 'is on a computer with more than 500 characters'],
    [{ value: 'x'.repeat(1_001) }, 'is longer than 1000 characters'],
    [{ job: 'a\0b' }, 'names something with a NUL character'],
    [{ computer: '\0' }, 'names something with a NUL character'],
    [{ value: '' }, 'has no value'],
    [{ value: '  ' }, 'has no value'],
    [{ value: 'a\nb' }, 'holds a control character'],
    [{ value: '\x7f' }, 'holds a control character'],
    [{ name: 'max_age_hours', value: '0' }, noHours],
    [{ name: 'max_age_hours', value: '-1' }, noHours],
    [{ name: 'max_age_hours', value: '87601' }, noHours],
    [{ name: 'max_age_hours', value: '26h' }, noHours],
    [{ name: 'max_age_hours', value: 'about 26' }, noHours],
    [{ name: 'max_age_hours', value: '1.' }, noHours],
    [{ name: 'muted_until', value: '2026-02-30' }, noMoment],
    [{ name: 'muted_until', value: 'Christmas' }, noMoment],
    [{ name: 'muted_until', value: 'x2026-12-24' }, noMoment],
    [{ name: 'muted_until', value: '2026-12-245' }, noMoment],
    [{ name: 'time_zone', value: 'Europe/Bonn' }, 'is no time zone such as Europe/Berlin'],
  ])('may not be %j', (more, fault) => {
    expect(findLabelFault(label(more))).toBe(fault);
  });

  it('is stored without blanks around it, a moment in UTC', () => {
    expect(normalizeLabel(label({ value: ' Acme ' })).value).toBe('Acme');
    const mute = (value: string) => normalizeLabel(label({ name: 'muted_until', value })).value;
    expect(mute(' 2026-12-24 ')).toBe('2026-12-24T00:00:00.000000Z');
    expect(mute('2026-12-24T08:00:00+02:00')).toBe('2026-12-24T06:00:00.000000Z');
    expect(mute('never')).toBe('never');
    expect(normalizeLabel(label({ value: '2026-12-24' }))).toEqual(label({ value: '2026-12-24' }));
  });
});
