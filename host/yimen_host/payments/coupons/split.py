"""Divides an amount in proportion, by the largest remainder. Arithmetic only."""

from collections.abc import Sequence


def in_proportion(amount: int, parts: Sequence[int]) -> list[int]:
    """Divide ``amount`` fen, 0 to the sum of ``parts``, so that each share is at most its part and none is lost.

    What rounding leaves over goes one fen each to the largest remainders; of equal ones the earlier part wins.
    """
    whole = sum(parts)
    if not 0 <= amount <= whole:
        raise ValueError(f"{amount} fen cannot be divided over parts that sum to {whole}")
    if not amount:
        return [0] * len(parts)
    shares = [amount * part // whole for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda n: (-(amount * parts[n] % whole), n))
    for n in by_remainder[: amount - sum(shares)]:
        shares[n] += 1
    return shares
