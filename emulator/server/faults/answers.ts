import { ApiError } from '../errors';

interface CodedAnswer {
  readonly status: number;
  readonly message: string;
  /** May the order have been executed all the same? Only such answers can be given after acceptance. */
  readonly isUnclear: boolean;
}

/** Binance's error answers that faults can give, with the HTTP status and the words Binance sends them with. */
export const CODED_ANSWERS = {
  '-1000': {
    status: 500,
    message: 'An unknown error occurred while processing the request.',
    isUnclear: true,
  },
  '-1001': {
    status: 503,
    message: 'Internal error; unable to process your request. Please try again.',
    isUnclear: true,
  },
  '-1003': {
    status: 429,
    message:
      'Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.',
    isUnclear: false,
  },
  '-1006': {
    status: 500,
    message: 'An unexpected response was received from the message bus. Execution status unknown.',
    isUnclear: true,
  },
  '-1007': {
    status: 504,
    message:
      'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
    isUnclear: true,
  },
  '-1008': {
    status: 503,
    message: 'Server is currently overloaded with other requests. Please try again in a few minutes.',
    isUnclear: false,
  },
  '-1015': {
    status: 429,
    message: 'Too many new orders; current limit is 100 orders per 10 SECOND.',
    isUnclear: false,
  },
  '-1021': {
    status: 400,
    message: 'Timestamp for this request is outside of the recvWindow.',
    isUnclear: false,
  },
  '-1022': { status: 400, message: 'Signature for this request is not valid.', isUnclear: false },
  '-2010': {
    status: 400,
    message: 'Account has insufficient balance for requested action.',
    isUnclear: false,
  },
  '-2015': {
    status: 401,
    message: 'Invalid API-key, IP, or permissions for action.',
    isUnclear: false,
  },
} as const satisfies Readonly<Record<string, CodedAnswer>>;
export type AnswerCode = keyof typeof CODED_ANSWERS;

export const ANSWER_CODES = Object.keys(CODED_ANSWERS) as readonly AnswerCode[];

/** Codes which say that nobody knows whether the order was executed. */
export const isUnclear = (code: AnswerCode): boolean => CODED_ANSWERS[code].isUnclear;

/** Is the answer one that tells the client when to come back? */
export const isRateLimit = (code: AnswerCode): boolean => CODED_ANSWERS[code].status === 429;

/** Binance's answer with that code. `message` replaces its usual words; a rate limit says when to come back. */
export function codedAnswer(code: AnswerCode, retryAfterS: number, message?: string): ApiError {
  const { status, message: usual } = CODED_ANSWERS[code];
  const headers: Record<string, string> = isRateLimit(code) ? { 'retry-after': retryAfterS.toString() } : {};
  return new ApiError(status, Number(code), message ?? usual, { headers });
}

/** 429 for an address that asks too much, 418 once it is banned. */
export function rateLimitAnswer(status: 429 | 418, retryAfterS: number, nowMs: number): ApiError {
  if (status === 429) return codedAnswer('-1003', retryAfterS);
  const untilMs = nowMs + retryAfterS * 1000;
  return new ApiError(
    418,
    -1003,
    `Way too much request weight used; IP banned until ${untilMs}. Please use WebSocket Streams for live updates to avoid bans.`,
    { headers: { 'retry-after': retryAfterS.toString() } },
  );
}

/** What every endpoint but the system status answers while the exchange is being maintained. */
export const MAINTENANCE_ANSWER = {
  status: 503,
  headers: {},
  body: { code: 1, msg: 'System is under maintenance.' },
} as const;

/** The page of a gateway in between that has lost its backend, sent with a status that promises JSON. */
export const GARBAGE_PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudfront</center>\r\n</body>\r\n</html>\r\n';
