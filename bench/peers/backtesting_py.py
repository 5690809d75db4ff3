"""The reference task by backtesting.py. It trades whole units: a unit is made a lot (FractionalBacktest)."""

import backtesting
from backtesting import Strategy
from backtesting.lib import FractionalBacktest
from task import FEE, LOT, PART, Task, signals, stop_of, target_of

task = Task()


class Reference(Strategy):
    def init(self):
        enter, leave = signals(task.close, task.first)
        self.enter = self.I(lambda: enter, plot=False)
        self.leave = self.I(lambda: leave, plot=False)

    def next(self):
        if self.position:
            if self.leave[-1]:
                self.position.close()
        elif self.enter[-1]:
            # The bars open where the last one closed, so the close is the price of the fill.
            price = task.close[len(self.data) - 1]
            self.buy(size=PART, sl=stop_of(price) * LOT, tp=target_of(price) * LOT)


def run():
    test = FractionalBacktest(
        task.frame(), Reference, fractional_unit=LOT, cash=task.balance, commission=FEE, finalize_trades=True
    )
    trades = test.run()["_trades"]
    return (
        trades["EntryBar"],
        trades["ExitBar"],
        trades["EntryPrice"],
        trades["ExitPrice"],
        trades["Size"],
        trades["PnL"],
    )


task.measure(backtesting.__version__, run)
