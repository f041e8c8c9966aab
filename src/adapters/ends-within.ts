/** Whether the work ends in time; it goes on all the same when it does not. Rejects when the work does so in time. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
