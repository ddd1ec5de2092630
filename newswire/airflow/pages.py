"""Newswire's web pages inside the Airflow UI, behind Airflow's login."""

from __future__ import annotations

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends

from newswire.settings import load_settings
from newswire.web.platform.app import create_app

app = create_app(load_settings(), guards=[Depends(requires_access_view(AccessView.PLUGINS))])
