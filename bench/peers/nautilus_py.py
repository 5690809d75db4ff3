"""
The reference task by nautilus_trader: a bracket of orders with every entry, on its simulated exchange, fed with bars.

At the end of a run it adds every closed position to a pandas series, one by one, which takes time with the square of their number; with
BALLAST_PEER_AS_SHIPPED it does, without it that is left out.
"""

import os
import sys
from decimal import Decimal

import nautilus_trader
import numpy as np
import pandas as pd
from nautilus_trader.analysis.analyzer import PortfolioAnalyzer
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, OrderType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from task import FEE, LOT, PART, Task, signals, stop_of, target_of

VENUE = Venue("SIM")
task = Task()

INSTRUMENT = CurrencyPair(
    instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE),
    raw_symbol=Symbol("BTCUSDT"),
    base_currency=BTC,
    quote_currency=USDT,
    price_precision=2,
    size_precision=5,
    price_increment=Price.from_str("0.01"),
    size_increment=Quantity.from_str("0.00001"),
    maker_fee=Decimal(str(FEE)),
    taker_fee=Decimal(str(FEE)),
    ts_event=0,
    ts_init=0,
)
BARS = BarType.from_str("BTCUSDT.SIM-1-MINUTE-LAST-EXTERNAL")


class Reference(Strategy):
    def on_start(self):
        self.enter, self.leave = (wanted.tolist() for wanted in signals(task.close, task.first))
        self.index = -1
        self.subscribe_bars(BARS)

    def on_bar(self, bar):
        self.index += 1
        if not self.portfolio.is_flat(INSTRUMENT.id):
            if self.leave[self.index]:
                self.cancel_all_orders(INSTRUMENT.id)
                self.close_all_positions(INSTRUMENT.id)
        elif self.enter[self.index]:
            self.buy(float(bar.close))

    def buy(self, price):
        free = float(self.portfolio.account(VENUE).balance_free(USDT))
        lots = np.floor(free * PART / (price * (1 + FEE)) / LOT)
        orders = self.order_factory.bracket(
            instrument_id=INSTRUMENT.id,
            order_side=OrderSide.BUY,
            quantity=INSTRUMENT.make_qty(lots * LOT),
            entry_order_type=OrderType.MARKET,
            sl_trigger_price=INSTRUMENT.make_price(stop_of(price)),
            tp_price=INSTRUMENT.make_price(target_of(price)),
            tp_post_only=False,
        )
        self.submit_order_list(orders)


def bars():
    frame = task.frame(("open", "high", "low", "close", "volume"))
    # A bar is told when it has closed.
    frame.index = (frame.index + pd.Timedelta(minutes=1)).tz_localize("UTC")
    return BarDataWrangler(BARS, INSTRUMENT).process(frame)


def left_at(position, cache):
    """A market order fills at the close that decided it, which is the next open; a stop or a target inside the bar that closes then."""
    order = cache.order(position.closing_order_id)
    return position.ts_closed - (0 if order.order_type == OrderType.MARKET else 1)


def run():
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(log_level="ERROR")))
    engine.add_venue(
        venue=VENUE,
        # With one netted position every fill goes through all those that have been closed before.
        oms_type=OmsType.HEDGING,
        account_type=AccountType.CASH,
        base_currency=None,
        starting_balances=[Money(task.balance, USDT), Money(0, BTC)],
        bar_execution=True,
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(DATA)
    engine.add_strategy(Reference(StrategyConfig()))
    engine.run()
    closed = sorted(engine.cache.positions_closed(), key=lambda one: one.ts_opened)
    columns = (
        task.bar_of(pd.to_datetime([one.ts_opened for one in closed])),
        task.bar_of(pd.to_datetime([left_at(one, engine.cache) for one in closed])),
        [one.avg_px_open for one in closed],
        [one.avg_px_close for one in closed],
        [float(one.peak_qty) for one in closed],
        [one.realized_pnl.as_double() for one in closed],
    )
    engine.dispose()
    return columns


if "BALLAST_PEER_AS_SHIPPED" not in os.environ:
    PortfolioAnalyzer.add_positions = lambda self, positions: None
DATA = bars()
task.measure(nautilus_trader.__version__, run)
