/** The real clock. Only a program's main.ts hands it in; everything else is given a `Clock`. */
import type { Clock } from "#core/ports.ts";

export const systemClock: Clock = () => new Date();
