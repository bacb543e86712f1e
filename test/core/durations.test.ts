// Durations as counts: what percentiles say of them.
import { expect, test } from 'vitest'
import { Durations, percentile, since, together } from '../../sidecar/durations.ts'

function counted(values: readonly number[]): Durations {
  const durations = new Durations()
  for (const value of values) durations.add(value)
  return durations
}

test('a percentile is never below the value, and at most a quarter above it', () => {
  for (let value = 0.004; value < 2_000_000; value *= 1.07) {
    const said = percentile(counted([value]).report, 0.5)!
    expect(said).toBeGreaterThanOrEqual(value)
    expect(said).toBeLessThanOrEqual(value * 1.25 + 0.001)
  }
})

test('percentiles are those of all values', () => {
  const { report } = counted(Array.from({ length: 100 }, (_, index) => index + 1))
  expect(report).toMatchObject({ count: 100, sum: 5050 })
  const at = (share: number): number => percentile(report, share)!
  expect(at(0.5)).toBeGreaterThanOrEqual(50)
  expect(at(0.5)).toBeLessThan(63)
  expect(at(0.99)).toBeGreaterThanOrEqual(99)
  expect(at(1)).toBeGreaterThanOrEqual(100)
  expect(at(0)).toBeLessThanOrEqual(1.25)
})

test.each([0, -1, 1e-9])('%d ms counts as nothing, and no sum gets smaller by it', (value) => {
  const { report } = counted([value])
  expect(report.count).toBe(1)
  expect(report.sum).toBeCloseTo(0)
  expect(percentile(report, 0.5)).toBeLessThan(0.01)
})

test('what takes days is in the last range', () => {
  const { ranges } = counted([1e9, Infinity]).report
  expect(ranges).toHaveLength(1)
  expect(ranges[0]![1]).toBe(2)
})

test('without any there is no percentile', () => {
  expect(percentile(new Durations().report, 0.5)).toBeUndefined()
})

test('what came between two reports', () => {
  const durations = counted([1, 1, 1])
  const before = durations.report
  durations.add(500)
  expect(since(before, durations.report)).toMatchObject({ count: 1, sum: 500 })
  expect(percentile(since(before, durations.report), 0.5)).toBeGreaterThanOrEqual(500)
  // Another process: it counts from zero.
  expect(since(durations.report, before)).toEqual(before)
})

test('several as one', () => {
  const both = together([counted([1, 500]).report, counted([1, 20]).report])
  expect(both).toMatchObject({ count: 4, sum: 522 })
  expect(both.ranges).toEqual(counted([1, 1, 20, 500]).report.ranges)
})
