import type { TradingMode } from './trading-mode';

/** What a reconciliation may find and do, by name. */

/** What to do about orders of this deployment that no position of the journal explains. */
export const StrayPolicy = {
  /** Reduce, say so, and leave them to a person. */
  Alert: 'alert',
  /** Take back positions that are provably ours with their stop, and alert about the rest. */
  Adopt: 'adopt',
  /** Take into the journal what they bought, and sell it. */
  Close: 'close',
} as const;
export type StrayPolicy = (typeof StrayPolicy)[keyof typeof StrayPolicy];

export const FindingKind = {
  /** An order of another deployment of Ballast on the same account. */
  ForeignDeployment: 'foreign-deployment',
  /** An order of this deployment that nothing in the journal explains. */
  Stray: 'stray',
  /** The account holds less of an asset than the positions do. */
  MissingCoins: 'missing-coins',
  /** Somebody ran `emergency-stop --direct`. */
  DirectStop: 'direct-stop',
  /** A trade of the account that no deployment of Ballast has made. */
  ManualTrade: 'manual-trade',
  /** The exchange does not list the pair of a position any more: what it holds cannot be sold. */
  Delisted: 'delisted',
  /** An order of ours was cancelled by somebody else. */
  ManualCancel: 'manual-cancel',
} as const;
export type FindingKind = (typeof FindingKind)[keyof typeof FindingKind];

/** `unexplained` holds the account in REDUCING until it is explained or a person resumes; `notice` is only told. */
export const Severity = { Unexplained: 'unexplained', Notice: 'notice' } as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  /** What it is about: a client order id, an asset or a trade. With `kind` it tells a finding from all others. */
  readonly subject: string;
  readonly message: string;
}

/** What a reconciliation changed, in the order in which it happened. */
export const DeedKind = {
  FillsRecovered: 'fills-recovered',
  FillInferred: 'fill-inferred',
  /** News of an order that the journal had planned. */
  OrderLearnt: 'order-learnt',
  /** An order that the journal had lost, proven to be one of a position that it knows. */
  OrderAdopted: 'order-adopted',
  PositionRecovered: 'position-recovered',
  SaleAttributed: 'sale-attributed',
  StrayCancelled: 'stray-cancelled',
  HoldingLimited: 'holding-limited',
} as const;
export type DeedKind = (typeof DeedKind)[keyof typeof DeedKind];

export interface Deed {
  readonly kind: DeedKind;
  readonly subject: string;
  readonly message: string;
}

/** What a reconciliation found and did. */
export interface ReconciliationReport {
  readonly session: string;
  /** The exchange's clock when it began to read; everything before was compared. */
  readonly marketTimeMs: number;
  /** The account's mode afterwards. */
  readonly mode: TradingMode;
  readonly checkedOrders: number;
  /** Fills the exchange knew and the journal did not. */
  readonly recoveredFills: number;
  /** Live positions whose workflow was gone and was started again. */
  /** From when on the exchange's record was read, in market time. */
  readonly sinceMs: number;
  readonly adoptedPositions: readonly string[];
  readonly findings: readonly Finding[];
  readonly done: readonly Deed[];
}

export const isUnexplained = ({ severity }: Finding): boolean => severity === Severity.Unexplained;

/** Identifies a finding among all of an account. */
export const findingKey = ({ kind, subject }: Finding): string => `reconciliation/${kind}/${subject}`;
