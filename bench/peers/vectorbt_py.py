"""The reference task by vectorbt: signals as columns, one compiled simulation, which the first run compiles. Quantities are not rounded to
lots: an exit would be too, and leave dust."""

import vectorbt as vbt
from task import FEE, PART, STOP, TARGET, Task, at_next_open, signals

task = Task()


def run():
    enter, leave = signals(task.close, task.first)
    portfolio = vbt.Portfolio.from_signals(
        close=task.close,
        open=task.open,
        high=task.high,
        low=task.low,
        price=task.open,
        entries=at_next_open(enter),
        exits=at_next_open(leave),
        sl_stop=STOP,
        tp_stop=TARGET,
        stop_entry_price="FillPrice",
        size=PART,
        size_type="percent",
        fees=FEE,
        init_cash=task.balance,
        freq="1min",
    )
    trades = portfolio.trades.records
    return (
        trades["entry_idx"],
        trades["exit_idx"],
        trades["entry_price"],
        trades["exit_price"],
        trades["size"],
        trades["pnl"],
    )


task.measure(vbt.__version__, run)
