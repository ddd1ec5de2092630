"""Write a chart in the format of Lens, Kibana's chart editor, as of Kibana 8.9, which every later version reads.

Kibana migrates older formats when it imports and reads them; decision 0065 has the reason for this one.
"""

from __future__ import annotations

from typing import Any, Final

from kibana.columns import Grouping, Measure, Terms, Time
from kibana.panel_types import Chart, Figure, HeatMap, Shares, Table, TimeSeries
from kibana.views import View

LAYER: Final = "layer"
# The templates' types -> Lens' own names for them.
DATA_TYPES: Final = {
    "keyword": "string",
    "boolean": "boolean",
    "integer": "number",
    "long": "number",
    "float": "number",
    "date": "date",
}
Json = dict[str, Any]


def build_chart(chart: Chart, title: str) -> Json:
    """Return the attributes of a chart that is saved under this title."""
    kind, visualization = _visualization(chart)
    groups = {group_id(number): _group(chart.view, group) for number, group in enumerate(chart.groups)}
    measures = {measure_id(number): _measure(chart.view, measure) for number, measure in enumerate(chart.measures)}
    columns = groups | measures
    layer = {"columns": columns, "columnOrder": list(columns), "incompleteColumns": {}, "sampling": 1}
    return {
        "title": title,
        "description": "",
        "visualizationType": kind,
        "state": {
            "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
            "visualization": visualization,
            "query": {"query": chart.where.kuery() if chart.where else "", "language": "kuery"},
            "filters": [],
            "internalReferences": [],
            "adHocDataViews": {},
        },
    }


def group_id(number: int) -> str:
    """Return the id of a group's column."""
    return f"group-{number}"


def measure_id(number: int) -> str:
    """Return the id of a measure's column."""
    return f"measure-{number}"


def _group(view: View, group: Grouping) -> Json:
    shared = {
        "label": group.label,
        "customLabel": True,
        "dataType": _data_type(view, group.field),
        "sourceField": group.field,
        "isBucketed": True,
    }
    if isinstance(group, Time):
        params = {"interval": group.interval, "includeEmptyRows": group.has_empty, "dropPartials": False}
        return shared | {"operationType": "date_histogram", "scale": "interval", "params": params}
    return shared | {"operationType": "terms", "scale": "ordinal", "params": _terms(group)}


def _data_type(view: View, name: str) -> str:
    fact = view.field(name)
    if not fact.has_values:
        raise LookupError(f"{view.alias} has no values of {name} ({fact.type}) to group or measure; use {name}.raw")
    return DATA_TYPES[fact.type]


def _terms(terms: Terms) -> Json:
    is_by_name = terms.by_measure is None
    order = (
        {"type": "alphabetical"} if is_by_name else {"type": "column", "columnId": measure_id(terms.by_measure or 0)}
    )
    return {
        "size": terms.size,
        "orderBy": order,
        "orderDirection": "asc" if is_by_name else "desc",
        "otherBucket": terms.has_rest,
        "missingBucket": False,
        "parentFormat": {"id": "terms"},
        "include": [],
        "exclude": [],
        "includeIsRegex": False,
        "excludeIsRegex": False,
    }


def _measure(view: View, measure: Measure) -> Json:
    counts = measure.operation in {"count", "unique_count"}
    condition = {"filter": {"query": measure.where.kuery(), "language": "kuery"}} if measure.where else {}
    return {
        "label": measure.label,
        "customLabel": True,
        "dataType": "number" if counts else _data_type(view, measure.field),
        "operationType": measure.operation,
        "scale": "ordinal" if measure.operation == "last_value" else "ratio",
        "sourceField": measure.field,
        "isBucketed": False,
        "params": _measure_params(measure),
        **condition,
    }


def _measure_params(measure: Measure) -> Json:
    params: Json = {}
    if measure.operation in {"count", "unique_count", "sum"}:
        params["emptyAsNull"] = False  # Kibana would hide every zero, not only those of empty groups
    if measure.percent is not None:
        params["percentile"] = measure.percent
    if measure.newest_by is not None:
        # With arrays Kibana uses top_hits, otherwise top_metrics, which the embedded server does not have.
        params |= {"sortField": measure.newest_by, "showArrayValues": True}
    if measure.suffix:
        params["format"] = {"id": "number", "params": {"decimals": 1, "suffix": measure.suffix}}
    return params


def _visualization(chart: Chart) -> tuple[str, Json]:
    """Return Lens' name for the kind of chart, and the place of each column."""
    match chart:
        case Figure():
            return "lnsMetric", {"layerId": LAYER, "layerType": "data", "metricAccessor": measure_id(0)}
        case TimeSeries():
            return "lnsXY", _time_series(chart)
        case Table():
            return "lnsDatatable", _table(chart)
        case Shares():
            return "lnsPie", _shares(chart)
        case HeatMap():
            return "lnsHeatmap", _heat_map()


def _time_series(chart: TimeSeries) -> Json:
    layer: Json = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": chart.shape,
        "xAccessor": group_id(len(chart.groups) - 1),
        "accessors": [measure_id(number) for number in range(len(chart.measures))],
        "position": "top",
        "showGridlines": False,
    }
    if chart.split:
        layer["splitAccessor"] = group_id(0)
    return {
        "layers": [layer],
        "preferredSeriesType": chart.shape,
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "Linear" if chart.shape == "line" else "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
    }


def _table(chart: Table) -> Json:
    groups = [group_id(number) for number in range(len(chart.rows))]
    measures = [measure_id(number) for number in range(len(chart.measures))]
    columns = [{"columnId": id_, "isTransposed": False, "isMetric": id_ in measures} for id_ in groups + measures]
    return {"layerId": LAYER, "layerType": "data", "columns": columns, "paging": {"enabled": True, "size": 10}}


def _shares(chart: Shares) -> Json:
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "primaryGroups": [group_id(number) for number in range(len(chart.parts))],
        "metrics": [measure_id(0)],
        "numberDisplay": "percent",
        "categoryDisplay": "default",
        "legendDisplay": "default",
        "nestedLegend": False,
    }
    return {"shape": chart.shape, "layers": [layer]}


def _heat_map() -> Json:
    return {
        "shape": "heatmap",
        "layerId": LAYER,
        "layerType": "data",
        "yAccessor": group_id(0),
        "xAccessor": group_id(1),
        "valueAccessor": measure_id(0),
        "legend": {"isVisible": True, "position": "right", "type": "heatmap_legend"},
        "gridConfig": {
            "type": "heatmap_grid",
            "isCellLabelVisible": False,
            "isXAxisLabelVisible": True,
            "isXAxisTitleVisible": False,
            "isYAxisLabelVisible": True,
            "isYAxisTitleVisible": False,
        },
    }
