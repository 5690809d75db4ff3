import type { Pool } from 'pg';
import { findAccount, openAccount, raiseHalt, recordForeignHoldings, setMode } from './accounts';
import { adoptOrder, adoptSale, recoverPosition, setDelisted, setMissing } from './adopt';
import { findCandles, saveCandles } from './candles';
import { areJournaled } from './fills';
import { grant, preview } from './grant';
import { recordSettings } from './run-record';
import {
  audit,
  findDecision,
  hasRiskEvent,
  lastDecided,
  recordDecision,
  recordEquity,
  recordRiskEvent,
} from './journal';
import { openLane } from './lanes';
import { inferFill, recordEvent, recordFills } from './news';
import { failureStreaks, noteMissingStops, ordersSent, recordStreak } from './observations';
import { findOrder, unsettledOrders } from './orders';
import { plan } from './plan';
import type { Journal, OrderStore } from './port';
import {
  closePosition,
  findPosition,
  livePositions,
  recentPositions,
  recordUnprotected,
  updateInstrument,
  wishExit,
  wishStop,
} from './positions';
import { lastReconciliation, recordFindings, recordReconciliation } from './reconciliations';
import { beginSend } from './send';
import { inSnapshot, inTransaction } from './transaction';

/**
 * The journal in PostgreSQL. Every method is one transaction (or one statement): when it fails, for instance because
 * the server went away, nothing is half done, and the same call may be repeated.
 */
export function createStore(pool: Pool): OrderStore & Journal {
  return {
    grant: (request) => inTransaction(pool, (tx) => grant(tx, request)),
    preview: (request) => inSnapshot(pool, (tx) => preview(tx, request)),
    openLane: (lane) => inTransaction(pool, (tx) => openLane(tx, lane)),
    position: (positionId) => inSnapshot(pool, (tx) => findPosition(tx, positionId)),
    livePositions: (account) => inSnapshot(pool, (tx) => livePositions(tx, account)),
    wishExit: (positionId, reason) => wishExit(pool, positionId, reason),
    wishStop: (positionId, stopPrice) => wishStop(pool, positionId, stopPrice),
    updateInstrument: (positionId, instrument) =>
      inTransaction(pool, (tx) => updateInstrument(tx, positionId, instrument)),
    plan: (wanted) => inTransaction(pool, (tx) => plan(tx, wanted)),
    beginSend: (request) => inTransaction(pool, (tx) => beginSend(tx, request)),
    order: (clientOrderId) => findOrder(pool, clientOrderId),
    recordEvent: (news) => inTransaction(pool, (tx) => recordEvent(tx, news)),
    recordFills: async (account, fills, source) => {
      // The stream mostly repeats what an answer told before it.
      const isKnown = source === 'stream' && (await areJournaled(pool, account, fills));
      return isKnown
        ? { changed: [], ownerless: [] }
        : inTransaction(pool, (tx) => recordFills(tx, account, fills, source));
    },
    recordUnprotected: (positionId, key, durationMs) =>
      inTransaction(pool, (tx) => recordUnprotected(tx, positionId, key, durationMs)),
    closePosition: (positionId, reason, marketTimeMs) =>
      inTransaction(pool, (tx) => closePosition(tx, positionId, reason, marketTimeMs)),
    unsettledOrders: (account) => unsettledOrders(pool, account),
    inferFill: (clientOrderId, executed) =>
      inTransaction(pool, (tx) => inferFill(tx, clientOrderId, executed)),
    recentPositions: (account, sinceMs) => inSnapshot(pool, (tx) => recentPositions(tx, account, sinceMs)),
    adoptOrder: (found) => inTransaction(pool, (tx) => adoptOrder(tx, found)),
    adoptSale: (sale) => inTransaction(pool, (tx) => adoptSale(tx, sale)),
    recoverPosition: (found) => inTransaction(pool, (tx) => recoverPosition(tx, found)),
    setDelisted: (positionId, sinceMs) => setDelisted(pool, positionId, sinceMs),
    setMissing: (positionId, missing) => inTransaction(pool, (tx) => setMissing(tx, positionId, missing)),

    openAccount: (account, session) => inTransaction(pool, (tx) => openAccount(tx, account, session)),
    account: (account) => findAccount(pool, account),
    recordForeignHoldings: (account, holdings) =>
      inTransaction(pool, (tx) => recordForeignHoldings(tx, account, holdings)),
    raiseHalt: (account, halt) => inTransaction(pool, (tx) => raiseHalt(tx, account, halt)),
    setMode: (account, mode, change) => inTransaction(pool, (tx) => setMode(tx, account, mode, change)),
    saveCandles: (key, bars) => saveCandles(pool, key, bars),
    candles: (key, untilMs, limit) => findCandles(pool, key, untilMs, limit),
    recordDecision: (decision) => recordDecision(pool, decision),
    decision: (key) => findDecision(pool, key),
    lastDecided: (account, session, strategy) => lastDecided(pool, account, session, strategy),
    recordSettings: (entry) => recordSettings(pool, entry),
    recordEquity: (account, session, state, marketTimeMs) =>
      inTransaction(pool, (tx) => recordEquity(tx, account, session, state, marketTimeMs)),
    recordRiskEvent: (event) => recordRiskEvent(pool, event),
    recordStreak: (account, news) => inTransaction(pool, (tx) => recordStreak(tx, account, news)),
    failureStreaks: (account) => failureStreaks(pool, account),
    ordersSent: (account, sinceMs) => ordersSent(pool, account, sinceMs),
    noteMissingStops: (account, positionIds, nowMs) =>
      inTransaction(pool, (tx) => noteMissingStops(tx, account, positionIds, nowMs)),
    hasRiskEvent: (account, key) => hasRiskEvent(pool, account, key),
    audit: (entry) => audit(pool, entry),
    recordFindings: (account, findings, marketTimeMs) =>
      inTransaction(pool, (tx) => recordFindings(tx, account, findings, marketTimeMs)),
    recordReconciliation: (entry) => inTransaction(pool, (tx) => recordReconciliation(tx, entry)),
    lastReconciliation: (account) => lastReconciliation(pool, account),
  };
}
