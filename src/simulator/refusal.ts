/**
 * The cloud says no. Thrown, since every command can be refused at any depth and the HTTP door is
 * the only place that does something about it: each service there has its own shape of error.
 */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }
}
