/** Posts a message as Fenix does. Null: it was taken; otherwise what was wrong, for the manager's author. */
export async function post(
  url: string,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  answerSeconds: number,
): Promise<string | null> {
  const tooLate = AbortSignal.timeout(answerSeconds * 1_000);
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: tooLate,
    });
    // Its body is not read: whatever it says, the manager has answered.
    await answer.body?.cancel();
    if (answer.ok) return null;
    const why = answer.status < 400 && answer.status >= 300 ? ", and redirects are not followed" : "";
    return `was answered ${answer.status}${why}: a 2xx says that it was taken`;
  } catch (error) {
    if (tooLate.aborted) return `was not answered within ${answerSeconds} s: answer at once, and work afterwards`;
    return `did not arrive: ${reasonOf(error)}`;
  }
}

/** fetch hides the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
