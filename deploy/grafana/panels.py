"""Grafana's shapes, as far as the board needs them: targets, panels, thresholds, transformations. Plain dictionaries."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24  # columns of a Grafana board


def thresholds(*steps):
    """thresholds(("orange", 20), ("red", 1000)): green below the first."""
    colours = [{"color": "green", "value": None}]
    return {"mode": "absolute", "steps": colours + [{"color": colour, "value": value} for colour, value in steps]}


def target(expr, legend="", ref="A", instant=False):
    query = {"datasource": DATASOURCE, "expr": expr, "legendFormat": legend or "__auto", "refId": ref}
    query.update({"instant": True, "range": False, "format": "table"} if instant else {"instant": False, "range": True})
    return query


def targets(*queries):
    """Pairs of expression and legend, as targets A, B, C…"""
    return [target(expr, legend, chr(ord("A") + i)) for i, (expr, legend) in enumerate(queries)]


def panel(kind, title, description, queries, width, height, unit="short", limits=None, **more):
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": queries,
        "gridPos": {"w": width, "h": height},
        "fieldConfig": {
            "defaults": {
                "unit": unit,
                "color": {"mode": "thresholds" if kind == "stat" else "palette-classic"},
                "thresholds": limits or thresholds(),
            },
            "overrides": [],
        },
        "options": {},
        **more,
    }


def stat(title, description, expr, unit="short", limits=None, width=4, decimals=None):
    one = panel("stat", title, description, targets((expr, "")), width, 4, unit, limits)
    one["targets"][0].update({"instant": True, "range": False})
    one["options"] = {
        "colorMode": "value",
        "graphMode": "none",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    if decimals is not None:
        one["fieldConfig"]["defaults"]["decimals"] = decimals
    return one


def series(title, description, *queries, unit="short", limits=None, width=8, height=8, stack=False, log=False, **axis):
    """Lines over time; `stack` makes them areas on top of each other, `least` and `top` are the ends of the axis."""
    one = panel("timeseries", title, description, targets(*queries), width, height, unit, limits)
    defaults = one["fieldConfig"]["defaults"]
    ends = {"min": None if log else axis.get("least", 0), "max": axis.get("top")}
    defaults.update({name: value for name, value in ends.items() if value is not None})
    defaults["custom"] = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 60 if stack else 8,
        "showPoints": "never",
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"},
        "thresholdsStyle": {"mode": "dashed" if limits else "off"},
    }
    one["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return one


def timeline(title, description, expr, legend, names, width=24, height=7):
    """States over time; `names` is a list of (text, colour), the first is 1."""
    one = panel("state-timeline", title, description, targets((expr, legend)), width, height)
    states = {str(i): {"text": text, "color": colour, "index": i} for i, (text, colour) in enumerate(names, 1)}
    one["fieldConfig"]["defaults"]["mappings"] = [{"type": "value", "options": states}]
    one["fieldConfig"]["defaults"]["custom"] = {"lineWidth": 0, "fillOpacity": 80}
    one["options"] = {"mergeValues": True, "showValue": "auto", "rowHeight": 0.85, "legend": {"showLegend": False}}
    return one


def table(title, description, by, *columns, width=24, height=9, shown=()):
    """A line per set of the labels `by`. A column is (name, unit, expression, limits); one without a name only adds
    the labels in `shown`."""
    queries = [target(expr, "", chr(ord("A") + i), instant=True) for i, (_, _, expr, _) in enumerate(columns)]
    one = panel("table", title, description, queries, width, height)
    one["fieldConfig"]["defaults"]["custom"] = {"align": "auto", "filterable": True}
    order = {name: i for i, name in enumerate((*by, *shown))}
    rename, hidden = {}, {"Time": True}
    for i, (name, unit, _, limits) in enumerate(columns):
        field = f"Value #{chr(ord('A') + i)}"
        if not name:
            hidden[field] = True
            continue
        rename[field] = name
        order[field] = len(order)
        properties = [{"id": "unit", "value": unit}]
        if limits:
            properties += [{"id": "thresholds", "value": limits}, {"id": "color", "value": {"mode": "thresholds"}}]
            properties += [{"id": "custom.cellOptions", "value": {"type": "color-text"}}]
        one["fieldConfig"]["overrides"].append({"matcher": {"id": "byName", "options": name}, "properties": properties})
    one["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden, "indexByName": order, "renameByName": rename}},
    ]
    one["options"] = {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": by[0], "desc": False}]}
    return one


def row(title, collapsed=False):
    return {"type": "row", "title": title, "collapsed": collapsed, "panels": [], "gridPos": {"w": WIDTH, "h": 1}}


def placed(rows):
    """Gives every panel its place, left to right and line by line, and its number. `rows` are lists that begin with
    a row."""
    out, y = [], 0
    for line in rows:
        x, height = 0, 0
        for one in line:
            place = one["gridPos"]
            if x + place["w"] > WIDTH:
                x, y, height = 0, y + height, 0
            place.update({"x": x, "y": y})
            x += place["w"]
            height = max(height, place["h"])
            one["id"] = len(out) + 1
            out.append(one)
        y += height
    return out
