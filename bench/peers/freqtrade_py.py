"""The reference task by freqtrade's own backtesting. It asks an exchange for its markets and fees: here they are told, nothing is sent."""

import logging
import sys
import tempfile
import time
from pathlib import Path

import freqtrade
from freqtrade.configuration import TimeRange
from freqtrade.data.history import get_datahandler, load_data
from freqtrade.enums import CandleType, RunMode
from freqtrade.exchange import Exchange
from freqtrade.optimize.backtesting import Backtesting
from freqtrade.strategy import IStrategy
from task import FEE, LOT, PART, STOP, TARGET, TICK, Task, signals

PAIR = "BTC/USDT"
task = Task()


class Reference(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    stoploss = -STOP
    # Its return is net of both fees: this one is reached at the price of the target.
    minimal_roi = {"0": (1 + TARGET) * (1 - FEE) / (1 + FEE) - 1}
    startup_candle_count = 0
    process_only_new_candles = True

    def populate_indicators(self, dataframe, metadata):
        dataframe["enter"], dataframe["leave"] = signals(dataframe["close"].to_numpy(), task.first)
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = dataframe["enter"].astype(int)
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        dataframe["exit_long"] = dataframe["leave"].astype(int)
        return dataframe

    def custom_stake_amount(self, *_, **__):
        # Its stake does not include the fee.
        return self.wallets.get_free("USDT") * PART / (1 + FEE)


class Told(Exchange):
    """An exchange whose markets are known without asking it."""

    def reload_markets(self, *_, **__):
        self._markets = {
            PAIR: {
                **{"symbol": PAIR, "id": "BTCUSDT", "base": "BTC", "quote": "USDT", "active": True, "spot": True},
                **{"type": "spot", "linear": None, "contract": False, "maker": FEE, "taker": FEE},
                "precision": {"amount": LOT, "price": TICK},
                "limits": {"amount": {"min": LOT, "max": None}, "cost": {"min": 5, "max": None}},
            }
        }

    def validate_config(self, config):
        pass

    def exchange_has(self, endpoint):
        return True

    @property
    def precisionMode(self):
        return 4  # tick sizes

    @property
    def precision_mode_price(self):
        return 4


def settings(folder):
    return {
        **{"dry_run": True, "runmode": RunMode.BACKTEST, "strategy": "Reference", "timeframe": "1m", "fee": FEE},
        **{"stake_currency": "USDT", "stake_amount": "unlimited", "dry_run_wallet": task.balance, "max_open_trades": 1},
        **{"tradable_balance_ratio": 1.0, "trading_mode": "spot", "margin_mode": "", "export": "none"},
        **{"user_data_dir": folder, "datadir": folder, "exportdirectory": folder, "dataformat_ohlcv": "feather"},
        "exchange": {"name": "binance", "key": "", "secret": "", "pair_whitelist": [PAIR], "pair_blacklist": []},
        "pairlists": [{"method": "StaticPairList"}],
        "entry_pricing": {"price_side": "same", "use_order_book": False},
        "exit_pricing": {"price_side": "same", "use_order_book": False},
        "unfilledtimeout": {"entry": 10, "exit": 10},
        "strategy_path": str(Path(__file__).parent),
    }


def written(folder):
    """The bars as freqtrade keeps them."""
    frame = task.frame(("open", "high", "low", "close", "volume")).rename_axis("date").reset_index()
    frame["date"] = frame["date"].dt.tz_localize("UTC")
    get_datahandler(folder, "feather").ohlcv_store(PAIR, "1m", frame, CandleType.SPOT)


def main():
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        written(folder)
        config = settings(folder)
        testing = Backtesting(config, Told(config))
        times = []
        for _ in range(task.rounds):
            data = load_data(folder, "1m", [PAIR], timerange=TimeRange())
            started = time.process_time()
            testing.backtest_one_strategy(testing.strategylist[0], data, TimeRange())
            times.append((time.process_time() - started) * 1000)
        trades = testing.all_bt_content["Reference"]["results"]
    columns = (
        task.bar_of(trades["open_date"]),
        task.bar_of(trades["close_date"]),
        trades["open_rate"],
        trades["close_rate"],
        trades["amount"],
        trades["profit_abs"],
    )
    task.tell(freqtrade.__version__, times, columns)


if __name__ == "__main__":
    sys.exit(main())
