import { formatUnits } from '../engine/units';
import { listedSymbols, requireInstrument, type ServerContext } from './context';
import type { Params } from './params';
import { Access, type Route } from './route';
import type { AccountKey } from './security';
import { tradeView } from './views';

const signed = Access.Signed;

/** Balances, trades, fees and the rights of the key. A key of this exchange can trade and can never withdraw. */
export const accountRoutes: readonly Route[] = [
  { key: 'GET /api/v3/account', access: signed, weight: 20, handle: account },
  { key: 'GET /api/v3/account/commission', access: signed, weight: 20, handle: commission },
  {
    key: 'GET /api/v3/myTrades',
    access: signed,
    weight: (params) => (params.text('orderId') === undefined ? 20 : 5),
    handle: myTrades,
  },
  { key: 'GET /api/v3/rateLimit/order', access: signed, weight: 40, handle: orderLimits },
  { key: 'GET /sapi/v1/asset/tradeFee', access: signed, weight: 1, handle: tradeFees },
  { key: 'GET /sapi/v1/account/apiRestrictions', access: signed, weight: 1, handle: keyRights },
  { key: 'GET /sapi/v1/account/status', access: signed, weight: 1, handle: () => ({ data: 'Normal' }) },
  { key: 'GET /sapi/v1/capital/config/getall', access: signed, weight: 10, handle: coins },
  // ccxt asks which pairs have margin; none has.
  { key: 'GET /sapi/v1/margin/allPairs', access: signed, weight: 1, handle: () => [] },
  { key: 'GET /sapi/v1/margin/isolated/allPairs', access: signed, weight: 10, handle: () => [] },
];

/** Every asset of the market and everything the account has ever held. */
function assetsOf(context: ServerContext, account: string): string[] {
  const held = context.venue.exchange.state.balances.get(account)?.keys() ?? [];
  const traded = [...context.instruments.values()].flatMap(({ base, quote }) => [base, quote]);
  return [...new Set([...held, ...traded])].sort();
}

function account(context: ServerContext, params: Params, key: AccountKey): unknown {
  context.venue.pump();
  const { state } = context.venue.exchange;
  const omitZero = params.text('omitZeroBalances') === 'true';
  const balances = assetsOf(context, key.account)
    .map((asset) => ({ asset, ...state.balance(key.account, asset) }))
    .filter(({ free, locked }) => !omitZero || free + locked > 0n)
    .map(({ asset, free, locked }) => ({ asset, free: formatUnits(free), locked: formatUnits(locked) }));
  const bps = (rate: string): number => Math.round(Number(rate) * 10_000);
  return {
    makerCommission: bps(context.makerFee),
    takerCommission: bps(context.takerFee),
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: {
      maker: context.makerFee,
      taker: context.takerFee,
      buyer: '0.00000000',
      seller: '0.00000000',
    },
    canTrade: true,
    canWithdraw: false,
    canDeposit: false,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: context.venue.nowMs,
    accountType: 'SPOT',
    balances,
    permissions: ['SPOT'],
    uid: uidOf(context, key.account),
  };
}

/** Accounts are numbered in the order they were opened. */
function uidOf(context: ServerContext, account: string): number {
  return [...context.venue.exchange.state.balances.keys()].indexOf(account) + 1;
}

function commission(context: ServerContext, params: Params): unknown {
  const { symbol } = requireInstrument(context, params.required('symbol'));
  const none = { maker: '0.00000000', taker: '0.00000000', buyer: '0.00000000', seller: '0.00000000' };
  return {
    symbol,
    standardCommission: { ...none, maker: context.makerFee, taker: context.takerFee },
    specialCommission: none,
    taxCommission: none,
    discount: {
      enabledForAccount: false,
      enabledForSymbol: false,
      discountAsset: 'BNB',
      discount: '0.00000000',
    },
  };
}

function myTrades(context: ServerContext, params: Params, key: AccountKey): unknown {
  const instrument = requireInstrument(context, params.required('symbol'));
  const limit = params.limit(500, 1000);
  const orderId = params.integer('orderId');
  const fromId = params.integer('fromId');
  const startMs = params.integer('startTime');
  const endMs = params.integer('endTime') ?? Infinity;
  context.venue.pump();
  const { state } = context.venue.exchange;
  const found = state.trades.filter(
    (trade) =>
      trade.account === key.account &&
      trade.symbol === instrument.symbol &&
      !context.faults.isHidden(trade.orderId) &&
      (orderId === undefined || trade.orderId === orderId) &&
      trade.tradeId >= (fromId ?? 0) &&
      trade.timeMs >= (startMs ?? 0) &&
      trade.timeMs <= endMs,
  );
  const page = fromId === undefined && startMs === undefined ? found.slice(-limit) : found.slice(0, limit);
  return page.map((trade) => tradeView(trade, state.requireOrder(trade.orderId), instrument));
}

function orderLimits(context: ServerContext): unknown {
  const { ordersPerTenSeconds, ordersPerDay } = context.limits;
  return [
    { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: ordersPerTenSeconds },
    { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: ordersPerDay },
  ];
}

function tradeFees(context: ServerContext, params: Params): unknown {
  const wanted = params.text('symbol');
  if (wanted !== undefined) requireInstrument(context, wanted);
  return listedSymbols(context)
    .filter((symbol) => wanted === undefined || symbol === wanted)
    .map((symbol) => ({ symbol, makerCommission: context.makerFee, takerCommission: context.takerFee }));
}

function keyRights(context: ServerContext): unknown {
  return {
    ipRestrict: true,
    createTime: context.wallMs(),
    enableReading: true,
    enableSpotAndMarginTrading: true,
    enableWithdrawals: false,
    enableInternalTransfer: false,
    enableMargin: false,
    enableFutures: false,
    permitsUniversalTransfer: false,
    enableVanillaOptions: false,
    enablePortfolioMarginTrading: false,
  };
}

function coins(context: ServerContext, _params: Params, key: AccountKey): unknown {
  const { state } = context.venue.exchange;
  return assetsOf(context, key.account).map((coin) => ({
    coin,
    name: coin,
    depositAllEnable: false,
    withdrawAllEnable: false,
    trading: true,
    isLegalMoney: false,
    free: formatUnits(state.balance(key.account, coin).free),
    locked: formatUnits(state.balance(key.account, coin).locked),
    networkList: [],
  }));
}
