# Hidden State in a container, for this machine only:
#   docker build -t hidden-state . && docker run -p 127.0.0.1:8501:8501 -v runs:/runs hidden-state
# Behind a proxy that others reach, also -e STREAMLIT_SERVER_ALLOWED_HOSTS="localhost 127.0.0.1 its.name" and
# -e STREAMLIT_BROWSER_SERVER_ADDRESS=its.name: no other name is served.
FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_SERVER_ALLOWED_HOSTS="localhost 127.0.0.1" \
    HIDDEN_STATE_RUNS=/runs

WORKDIR /app
COPY requirements.txt .
COPY constraints.txt .
RUN pip install --no-cache-dir -r requirements.txt -c constraints.txt
COPY app.py ./
COPY core core
COPY ui ui
COPY pages pages
COPY locales locales
COPY .streamlit .streamlit
COPY saved_models /runs

RUN python -m compileall -q core ui pages \
    && useradd --create-home studio && mkdir -p /app/downloads && chown -R studio /runs /app/downloads
USER studio
VOLUME /runs
EXPOSE 8501

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"

# Inside a container the loopback address would reach nobody; publish the port only where you mean to.
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
