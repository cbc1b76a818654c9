"""The questions that the board asks, put together from a family, labels and what to add up by."""

# Series of the routes and versions that are chosen, and of the gateways.
ROUTE = 'job=~"$job",route=~"$route"'
VERSION = ROUTE + ',version=~"$version"'
PROCESS = 'job=~"$job"'
RATE = "[$__rate_interval]"
QUANTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))


def rate(family, by="route, version", labels=VERSION):
    """A second; of all together where `by` is empty."""
    return f"sum{f' by ({by})' if by else ''} (rate({family}{{{labels}}}{RATE}))"


def total(family, by="route, version", labels=VERSION):
    return f"sum by ({by}) ({family}{{{labels}}})"


def largest(family, by="route, version", labels=VERSION):
    return f"max by ({by}) ({family}{{{labels}}})"


def mean(family, by="route, version", labels=VERSION):
    return f"avg by ({by}) ({family}{{{labels}}})"


def each(family):
    """Of every gateway, a second."""
    return f"rate({family}{{{PROCESS}}}{RATE})"


def quantile(q, family, by="route, version", labels=VERSION):
    by = f"{by}, le" if by else "le"
    return f"histogram_quantile({q}, sum by ({by}) (rate({family}_bucket{{{labels}}}{RATE})))"


def quantiles(family, legend, chosen=QUANTILES, by="route, version", labels=VERSION):
    """Queries with their legends, for a panel."""
    return [(quantile(q, family, by, labels), f"{legend} {name}") for q, name in chosen]


def failing(by="route, version", labels=VERSION, family="sluice_requests_total"):
    """Share of the answers that are 5xx."""
    failed = f'{labels},code=~"5.."'
    return f"{rate(family, by, failed)} / {rate(family, by, labels)}"


def usable():
    return total("sluice_endpoints", labels=VERSION + ',state=~"admitted|ramping|probation"')


def playing(expr, roles):
    """Only versions that play one of these roles at the moment."""
    return f'{expr} and on (route, version) sluice_version_info{{{VERSION},role=~"{roles}"}}'
