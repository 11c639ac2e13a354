"""What the NumPy benches beside this file share."""
import statistics
import time


def median_seconds(call, shortest):
    """Median over 31 samples of the seconds of a call; a sample takes at least `shortest` seconds, by as many calls as that needs."""
    times = 1

    def sample():
        start = time.perf_counter()
        for _ in range(times):
            call()
        return time.perf_counter() - start

    while sample() <= shortest:
        times *= 2
    return statistics.median(sample() / times for _ in range(31))
