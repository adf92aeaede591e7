use artifact::Kind;

/// What is deployed as one Lambda function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// The longest title.
    GetMaxDuration,
    /// Films above a score.
    GetScoreCount,
    /// Films of a platform.
    GetCountPlatform,
    /// The most frequent actor.
    GetActor,
    /// Recommendations, predictions, similar titles.
    Recommend,
    /// The catalogue: titles by typing, one title, what a user has rated, what the data are like.
    Titles,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 6] = [
        Self::GetMaxDuration,
        Self::GetScoreCount,
        Self::GetCountPlatform,
        Self::GetActor,
        Self::Recommend,
        Self::Titles,
    ];

    /// Its name: that of its crate, its binary and its deployment.
    pub fn name(self) -> &'static str {
        match self {
            Self::GetMaxDuration => "get-max-duration",
            Self::GetScoreCount => "get-score-count",
            Self::GetCountPlatform => "get-count-platform",
            Self::GetActor => "get-actor",
            Self::Recommend => "recommend",
            Self::Titles => "titles",
        }
    }

    /// The artifacts without which it does not start. It reads no others but the [optional](Self::optional_kinds).
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::GetMaxDuration => &[Kind::MaxDuration],
            Self::GetScoreCount => &[Kind::ScoreCount],
            Self::GetCountPlatform => &[Kind::CountPlatform],
            Self::GetActor => &[Kind::Actor],
            Self::Recommend => &[Kind::Titles, Kind::RatingModel, Kind::UserIndex, Kind::Users],
            Self::Titles => &[Kind::Titles, Kind::TitleSearch, Kind::UserIndex, Kind::Users],
        }
    }

    /// The artifacts that it reads where the release has them, and does without where it has not.
    pub fn optional_kinds(self) -> &'static [Kind] {
        match self {
            Self::Recommend => &[Kind::RankingModel],
            Self::Titles => &[Kind::Eda],
            Self::GetMaxDuration | Self::GetScoreCount | Self::GetCountPlatform | Self::GetActor => &[],
        }
    }
}

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET, and HEAD with it.
    Get,
    /// POST.
    Post,
}

impl Method {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What answers a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the route of its name, described in the table")]
pub enum Endpoint {
    MaxDuration,
    ScoreCount,
    CountPlatform,
    Actor,
    Recommendations,
    RecommendationsForNew,
    Predict,
    Similar,
    FindTitles,
    Title,
    User,
    Eda,
    EdaPage,
    Health,
    Model,
    OpenApi,
    Docs,
    DocsScript,
    DocsStyle,
}

impl Endpoint {
    /// Whether every function answers it, each for itself. The gateway sends it to the function in the table.
    pub const fn is_everywhere(self) -> bool {
        matches!(
            self,
            Self::Health | Self::Model | Self::OpenApi | Self::Docs | Self::DocsScript | Self::DocsStyle
        )
    }
}

/// One route of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path; `{…}` stands for one segment.
    pub path: &'static str,
    /// The function that answers it.
    pub function: Function,
    /// What answers it there.
    pub endpoint: Endpoint,
    /// What it is for, in one sentence.
    pub summary: &'static str,
}

/// The one route table: routers, the local server, the gateway and the documents are made from it.
pub const ROUTES: [Route; 19] = [
    Route {
        method: Method::Get,
        path: "/get_max_duration",
        function: Function::GetMaxDuration,
        endpoint: Endpoint::MaxDuration,
        summary: "The longest title, of a year, a platform or all.",
    },
    Route {
        method: Method::Get,
        path: "/get_score_count",
        function: Function::GetScoreCount,
        endpoint: Endpoint::ScoreCount,
        summary: "How many films of a platform and year have a mean score above a threshold.",
    },
    Route {
        method: Method::Get,
        path: "/get_count_platform",
        function: Function::GetCountPlatform,
        endpoint: Endpoint::CountPlatform,
        summary: "How many films a platform has.",
    },
    Route {
        method: Method::Get,
        path: "/get_actor",
        function: Function::GetActor,
        endpoint: Endpoint::Actor,
        summary: "The actor in most titles of a platform and year.",
    },
    Route {
        method: Method::Get,
        path: "/recommendations/{user_id}",
        function: Function::Recommend,
        endpoint: Endpoint::Recommendations,
        summary: "What a user has not seen and would like best.",
    },
    Route {
        method: Method::Post,
        path: "/recommendations",
        function: Function::Recommend,
        endpoint: Endpoint::RecommendationsForNew,
        summary: "The same for somebody new, from a few ratings.",
    },
    Route {
        method: Method::Get,
        path: "/predict",
        function: Function::Recommend,
        endpoint: Endpoint::Predict,
        summary: "The predicted score of a title for a user, and whether it is recommended.",
    },
    Route {
        method: Method::Get,
        path: "/similar/{id}",
        function: Function::Recommend,
        endpoint: Endpoint::Similar,
        summary: "Titles like another.",
    },
    Route {
        method: Method::Get,
        path: "/titles",
        function: Function::Titles,
        endpoint: Endpoint::FindTitles,
        summary: "Titles by the beginnings of the words in their names, with typing errors forgiven.",
    },
    Route {
        method: Method::Get,
        path: "/titles/{id}",
        function: Function::Titles,
        endpoint: Endpoint::Title,
        summary: "One title.",
    },
    Route {
        method: Method::Get,
        path: "/users/{id}",
        function: Function::Titles,
        endpoint: Endpoint::User,
        summary: "What a user has rated, the best first.",
    },
    Route {
        method: Method::Get,
        path: "/eda",
        function: Function::Titles,
        endpoint: Endpoint::Eda,
        summary: "What exploratory analysis found in the data, as the builder's `eda.json` has it.",
    },
    Route {
        method: Method::Get,
        path: "/eda.html",
        function: Function::Titles,
        endpoint: Endpoint::EdaPage,
        summary: "The same to look at.",
    },
    Route {
        method: Method::Get,
        path: "/health",
        function: Function::Titles,
        endpoint: Endpoint::Health,
        summary: "The release that is served, its age, its models and artifacts.",
    },
    Route {
        method: Method::Get,
        path: "/model",
        function: Function::Titles,
        endpoint: Endpoint::Model,
        summary: "What the release was trained on, how good it is, and what was tried.",
    },
    Route {
        method: Method::Get,
        path: "/openapi.json",
        function: Function::Titles,
        endpoint: Endpoint::OpenApi,
        summary: "All routes, their parameters and answers, as OpenAPI 3.1.",
    },
    Route {
        method: Method::Get,
        path: "/docs",
        function: Function::Titles,
        endpoint: Endpoint::Docs,
        summary: "A page to try every route.",
    },
    Route {
        method: Method::Get,
        path: "/docs/docs.js",
        function: Function::Titles,
        endpoint: Endpoint::DocsScript,
        summary: "The page's script.",
    },
    Route {
        method: Method::Get,
        path: "/docs/docs.css",
        function: Function::Titles,
        endpoint: Endpoint::DocsStyle,
        summary: "The page's style.",
    },
];
