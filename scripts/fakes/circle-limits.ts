const WINDOW_MS = 5 * 60_000;

/** Every answer of the Admin API counts, except those of a broken server. */
const isCounted = (status: number): boolean => status > 0 && status < 500;

/**
 * What may be asked: 2,000 requests in five minutes per address over all APIs, and of the Admin API 5,000 in a month of
 * the calendar.
 */
export function createCircleLimits(now: () => Date) {
  const times: number[] = [];
  const counted = new Map<string, number>();
  const month = () => now().toISOString().slice(0, 7);

  return {
    perFiveMinutes: 2000,
    /** Seconds, in the header of a 429; null for an answer without it. */
    retryAfter: 60 as number | null,
    adminPerMonth: 5000,
    /** Requests of the Admin API that counted, by month, as `2026-11`. */
    counted,

    /** Whether a request is one too many for its address. */
    isTooMany(): boolean {
      const at = now().getTime();
      while (times[0] !== undefined && times[0] <= at - WINDOW_MS) times.shift();
      times.push(at);
      return times.length > this.perFiveMinutes;
    },

    isQuotaSpent(): boolean {
      return (counted.get(month()) ?? 0) >= this.adminPerMonth;
    },

    count(status: number): void {
      if (isCounted(status)) counted.set(month(), (counted.get(month()) ?? 0) + 1);
    },
  };
}
