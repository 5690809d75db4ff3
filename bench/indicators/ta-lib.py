"""Times TA-Lib over the bars of a file: ta-lib.py FILE BARS ROUNDS, cases as JSON on standard input.

FILE holds open, high, low, close and volume one after the other, BARS doubles each. A case is [name, TA-Lib's function,
its input columns, its parameters]. Prints as JSON the median and the least nanoseconds of processor time per bar of each, and the median of a copy in turn with it.
"""

import json
import statistics
import sys
import time

import numpy as np
import talib

COLUMNS = ("open", "high", "low", "close", "volume")
WARM_UP = 2


def timed(run):
    started = time.process_time_ns()
    run()
    return time.process_time_ns() - started


def main(file, bars, rounds):
    columns = dict(zip(COLUMNS, np.fromfile(file).reshape(len(COLUMNS), bars)))
    results = {}
    for name, function, inputs, parameters in json.load(sys.stdin):
        call = getattr(talib, function)
        arrays = [columns[column] for column in inputs]
        subject, baseline = [], []
        for _ in range(WARM_UP + rounds):
            subject.append(timed(lambda: call(*arrays, *parameters)))
            baseline.append(timed(columns["close"].copy))
        results[name] = {
            "value": statistics.median(subject[WARM_UP:]) / bars,
            "least": min(subject) / bars,
            "baseline": statistics.median(baseline[WARM_UP:]) / bars,
        }
    print(json.dumps({"version": talib.__ta_version__.decode().split(" ")[0], "results": results}))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
