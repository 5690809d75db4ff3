"""Unmodified ccxt and ccxt.pro for Python against a running emulator.

Argument: a JSON object with url, wsUrl, apiKey, secret. Prints one line per call; exits 1 if any was not as expected.
"""

import asyncio
import json
import re
import sys
import time

import ccxt.pro

SYMBOL = 'BTC/USDT'


def connect(emulator):
    exchange = ccxt.pro.binance({'apiKey': emulator['apiKey'], 'secret': emulator['secret']})
    api = exchange.urls['api']
    for name, address in api.items():
        if isinstance(address, str):
            api[name] = re.sub(r'^https://[a-z]+\.binance\.com', emulator['url'], address)
    api['ws'] = {
        **api['ws'],
        'spot': emulator['wsUrl'] + '/stream/ws',
        'ws-api': {'spot': emulator['wsUrl'] + '/ws-api/v3'},
    }
    return exchange


class Checks:
    def __init__(self):
        self.failed = 0
        self.passed = 0

    async def call(self, name, awaitable, expected):
        """Awaits and compares: `expected` is a predicate over the result, or the class of the error."""
        refusal = expected if isinstance(expected, type) and issubclass(expected, Exception) else None
        try:
            result = await asyncio.wait_for(awaitable, 30)
            good = refusal is None and bool(expected(result))
            detail = '' if good else f': got {result!r}'
        except Exception as error:  # every error is a result here
            result = None
            good = refusal is not None and type(error) is refusal
            detail = '' if good else f': {type(error).__name__}: {error}'
        self.passed += good
        self.failed += not good
        print(('ok   ' if good else 'FAIL ') + name + detail, flush=True)
        return result


async def rest(exchange, checks):
    await checks.call('load_markets', exchange.load_markets(), lambda markets: SYMBOL in markets)
    await checks.call('fetch_time', exchange.fetch_time(), lambda now: abs(now - time.time() * 1000) < 60_000)
    await checks.call('fetch_ohlcv', exchange.fetch_ohlcv(SYMBOL, '1m', limit=5), lambda rows: len(rows) == 5)
    await checks.call('fetch_ohlcv 4h', exchange.fetch_ohlcv(SYMBOL, '4h', limit=3), lambda rows: len(rows) > 0)
    await checks.call('fetch_ticker', exchange.fetch_ticker(SYMBOL), lambda ticker: ticker['last'] > 0)
    book = await checks.call(
        'fetch_order_book', exchange.fetch_order_book(SYMBOL, 5), lambda book: book['bids'][0][0] < book['asks'][0][0]
    )
    await checks.call('fetch_trades', exchange.fetch_trades(SYMBOL, limit=5), lambda trades: len(trades) == 5)
    await checks.call('fetch_trading_fee', exchange.fetch_trading_fee(SYMBOL), lambda fee: fee['taker'] == 0.001)
    await checks.call('fetch_balance', exchange.fetch_balance(), lambda balance: balance['USDT']['free'] > 1000)

    low = round(book['bids'][0][0] * 0.95)
    mine = {'clientOrderId': 'python-1'}
    bought = await checks.call(
        'create_order market', exchange.create_order(SYMBOL, 'market', 'buy', 0.002), lambda o: o['status'] == 'closed'
    )
    await checks.call(
        'fetch_order_trades', exchange.fetch_order_trades(bought['id'], SYMBOL), lambda t: t[0]['fee']['currency'] == 'BTC'
    )
    placed = await checks.call(
        'create_order limit', exchange.create_order(SYMBOL, 'limit', 'buy', 0.002, low, mine), lambda o: o['status'] == 'open'
    )
    await checks.call(
        'duplicate client id', exchange.create_order(SYMBOL, 'limit', 'buy', 0.002, low, mine), ccxt.InvalidOrder
    )
    await checks.call(
        'fetch_order by client id', exchange.fetch_order('', SYMBOL, mine), lambda o: o['id'] == placed['id']
    )
    edited = await checks.call(
        'edit_order',
        exchange.edit_order(placed['id'], SYMBOL, 'limit', 'buy', 0.003, low),
        lambda o: o['amount'] == 0.003,
    )
    await checks.call(
        'create_order stop',
        exchange.create_order(SYMBOL, 'market', 'sell', 0.001, None, {'stopLossPrice': low}),
        lambda o: o['status'] == 'open',
    )
    await checks.call('fetch_open_orders', exchange.fetch_open_orders(SYMBOL), lambda orders: len(orders) == 2)
    await checks.call(
        'cancel_order', exchange.cancel_order(edited['id'], SYMBOL), lambda o: o['status'] == 'canceled'
    )
    await checks.call('cancel_order again', exchange.cancel_order(edited['id'], SYMBOL), ccxt.OrderNotFound)
    await checks.call(
        'insufficient funds', exchange.create_order(SYMBOL, 'limit', 'buy', 50, low), ccxt.InsufficientFunds
    )
    await checks.call('cancel_all_orders', exchange.cancel_all_orders(SYMBOL), lambda orders: len(orders) == 1)
    await checks.call('fetch_my_trades', exchange.fetch_my_trades(SYMBOL), lambda trades: len(trades) >= 1)
    return low


async def after(watching, act):
    """Starts watching, waits until the subscription stands, acts, and returns what was seen."""
    task = asyncio.ensure_future(watching)
    await asyncio.sleep(0.7)
    await act()
    return await task


async def streams(exchange, checks, low):
    await checks.call('watch_ticker', exchange.watch_ticker(SYMBOL), lambda ticker: ticker['last'] > 0)
    await checks.call('watch_trades', exchange.watch_trades(SYMBOL), lambda trades: len(trades) > 0)
    await checks.call('watch_ohlcv', exchange.watch_ohlcv(SYMBOL, '1m'), lambda rows: len(rows) > 0)

    async def book():
        for _ in range(10):
            latest = await exchange.watch_order_book(SYMBOL)
        return latest

    await checks.call('watch_order_book', book(), lambda book: book['bids'][0][0] < book['asks'][0][0])
    await checks.call(
        'watch_orders',
        after(
            exchange.watch_orders(SYMBOL),
            lambda: exchange.create_order(SYMBOL, 'limit', 'buy', 0.002, low, {'clientOrderId': 'python-2'}),
        ),
        lambda orders: orders[0]['clientOrderId'] == 'python-2',
    )
    await checks.call(
        'watch_my_trades',
        after(exchange.watch_my_trades(SYMBOL), lambda: exchange.create_order(SYMBOL, 'market', 'sell', 0.001)),
        lambda trades: trades[0]['side'] == 'sell',
    )


async def main():
    exchange = connect(json.loads(sys.argv[1]))
    checks = Checks()
    try:
        await streams(exchange, checks, await rest(exchange, checks))
    finally:
        await exchange.close()
    print(f'{checks.passed} passed, {checks.failed} failed')
    sys.exit(1 if checks.failed else 0)


asyncio.run(main())
