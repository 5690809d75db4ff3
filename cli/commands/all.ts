import { backtestCommand } from './backtest';
import { balanceCommand } from './balance';
import { configCommand } from './config';
import { dataCommand } from './data';
import { decisionsCommand } from './decisions';
import { doctorCommand } from './doctor';
import { driftCommand } from './drift';
import { emergencyStopCommand } from './emergency-stop';
import { emulatorCommand } from './emulator';
import { evaluateCommand } from './evaluate';
import { lookAheadCommand } from './look-ahead';
import { metricsCommand } from './metrics';
import { modelCommand } from './model';
import { optimiseCommand } from './optimise';
import { newCommand } from './new';
import { newsCommand } from './news';
import { modelsCommand } from './models';
import { ordersCommand } from './orders';
import { positionsCommand } from './positions';
import { reconcileCommand } from './reconcile';
import { resumeTradingCommand } from './resume-trading';
import { runsCommand } from './runs';
import { startCommand } from './start';
import { statusCommand } from './status';
import { strategiesCommand } from './strategies';
import { flattenCommand, pauseCommand, resumeCommand, stopCommand } from './strategy-orders';
import { tradesCommand } from './trades';
import { trainCommand } from './train';
import { upCommand } from './up';
import { walkForwardCommand } from './walk-forward';
import { warmUpCommand } from './warm-up';

/** Every command, in the order of `ballast --help`. */
export const allCommands = [
  upCommand,
  startCommand,
  stopCommand,
  pauseCommand,
  resumeCommand,
  flattenCommand,
  emergencyStopCommand,
  resumeTradingCommand,
  reconcileCommand,
  statusCommand,
  strategiesCommand,
  newCommand,
  positionsCommand,
  ordersCommand,
  tradesCommand,
  decisionsCommand,
  runsCommand,
  newsCommand,
  balanceCommand,
  dataCommand,
  backtestCommand,
  lookAheadCommand,
  warmUpCommand,
  optimiseCommand,
  walkForwardCommand,
  driftCommand,
  metricsCommand,
  modelCommand,
  evaluateCommand,
  trainCommand,
  modelsCommand,
  doctorCommand,
  configCommand,
  emulatorCommand,
];
