from __future__ import annotations

# Small primes that the chip built its primes from. A sound modulus has the mark with a chance of one in 2 ** 27.
_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
_GENERATOR = 65_537


def is_roca(modulus: int) -> bool:
    """An RSA key of a faulty chip (ROCA, CVE-2017-15361): its private key can be computed.

    Its modulus, modulo each small prime, is a power of 65537 (Nemec et al., CCS 2017).
    """
    return all(modulus % prime in _powers(prime) for prime in _PRIMES)


def _powers(prime: int) -> set[int]:
    powers, power = set(), 1
    while power not in powers:
        powers.add(power)
        power = power * _GENERATOR % prime
    return powers
