/** Errors of the client: each says what to do. */

/** An error of the simulator, or on the way to it. `status` is the HTTP status, 0 if nothing answered. */
export class BusSimulatorError extends Error {
  override readonly name = "BusSimulatorError";

  constructor(
    message: string,
    readonly status = 0,
    /** The seconds that the server asks to wait. */
    readonly retryAfterS?: number,
  ) {
    super(message);
  }
}

/** The error that an answer describes. */
export function errorAnswer(status: number, body: unknown, url: string, retryAfterS?: number): BusSimulatorError {
  const { message, hint } = (body ?? {}) as { message?: string; hint?: string };
  const text = [message, hint].filter(Boolean).join(" ");
  return new BusSimulatorError(text || `${url} answered with status ${status}. Is it a bus simulator?`, status, retryAfterS);
}

/** The error for a URL that doesn't answer. */
export function unreachable(url: string): BusSimulatorError {
  return new BusSimulatorError(`Nothing answers at ${url}. Is the simulator running?`);
}
