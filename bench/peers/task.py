"""The reference task as every adapter gets it: the bars, its indicators and rules in numpy, and how a run is told.

An adapter is called as: adapter.py BARS_FILE BARS FROM BALANCE ROUNDS OUT_FILE. BARS_FILE holds open times in milliseconds, opens, highs,
lows, closes and volumes one after the other, BARS doubles each; nothing is decided before the close of the bar FROM. OUT_FILE gets JSON.
"""

import json
import resource
import sys
import time

import numpy as np
import pandas as pd

FAST, SLOW, RSI, CEILING = 12, 26, 14, 70
STOP, TARGET, FEE, PART = 0.02, 0.04, 0.001, 0.1
TICK, LOT = 0.01, 0.00001
MINUTE_MS = 60_000


def smoothed(values, alpha, period):
    """An exponential average that begins with the simple mean of the first `period` values."""
    seeded = np.concatenate(([values[:period].mean()], values[period:]))
    average = pd.Series(seeded).ewm(alpha=alpha, adjust=False).mean().to_numpy()
    return np.concatenate((np.full(period - 1, np.nan), average))


def ema(close, period):
    return smoothed(close, 2 / (period + 1), period)


def rsi(close, period):
    change = np.diff(close)
    gain = smoothed(np.maximum(change, 0), 1 / period, period)
    loss = smoothed(np.maximum(-change, 0), 1 / period, period)
    return np.concatenate(([np.nan], 100 * gain / (gain + loss)))


def signals(close, first):
    """At the close of which bars to enter when flat, and to leave when not."""
    fast, slow = ema(close, FAST), ema(close, SLOW)
    above = fast > slow
    crossed = np.zeros(len(close), bool)
    crossed[1:] = above[1:] & (fast[:-1] <= slow[:-1])
    enter = crossed & (rsi(close, RSI) < CEILING)
    leave = fast < slow
    enter[:first] = leave[:first] = False
    return enter, leave


def at_next_open(wanted):
    """What is decided at the close of a bar, at the bar in which it is done."""
    return np.concatenate(([False], wanted[:-1]))


def stop_of(price):
    return np.ceil(round(price * (1 - STOP) / TICK, 6)) * TICK


def target_of(price):
    return np.floor(round(price * (1 + TARGET) / TICK, 6)) * TICK


class Task:
    def __init__(self):
        file, bars, first, balance, rounds, self.out = sys.argv[1:]
        self.first, self.balance, self.rounds = int(first), float(balance), int(rounds)
        columns = np.fromfile(file).reshape(6, int(bars))
        self.time_ms, self.open, self.high, self.low, self.close, self.volume = columns

    def frame(self, names=("Open", "High", "Low", "Close", "Volume")):
        """The bars as a data frame with times for its index."""
        columns = dict(zip(names, (self.open, self.high, self.low, self.close, self.volume)))
        return pd.DataFrame(columns, index=pd.to_datetime(self.time_ms.astype("int64"), unit="ms"))

    def bar_of(self, times):
        """The bars in which these times lie."""
        milliseconds = pd.DatetimeIndex(times).tz_localize(None).as_unit("ms").asi8
        return ((milliseconds - int(self.time_ms[0])) // MINUTE_MS).tolist()

    def measure(self, version, run):
        """Runs as often as asked, and tells what came of it. `run` returns columns: entry and exit bar, prices, quantity, profit."""
        times, columns = [], None
        for _ in range(self.rounds):
            started = time.process_time()
            columns = run()
            times.append((time.process_time() - started) * 1000)
        self.tell(version, times, columns)

    def tell(self, version, times, columns):
        """Times are processor time: what else the machine does meanwhile is in none of them."""
        names = ("entryBar", "exitBar", "entryPrice", "exitPrice", "quantity", "profit")
        rows = [dict(zip(names, row)) for row in zip(*(np.asarray(column).tolist() for column in columns))]
        usage = resource.getrusage(resource.RUSAGE_SELF)
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        process = (usage.ru_utime + usage.ru_stime) * 1000
        with open(self.out, "w") as file:
            report = {"version": version, "engineMs": times, "processMs": process, "peakBytes": peak, "trades": rows}
            json.dump(report, file)
